package flink

import "strings"

// Version is the image's tag, the job's version in labels and metrics; empty
// where the image has none.
func (j Job) Version() string {
	name, _, _ := strings.Cut(j.Image, "@")
	// A colon before the last slash belongs to a registry's port.
	name = name[strings.LastIndex(name, "/")+1:]
	_, tag, _ := strings.Cut(name, ":")
	return tag
}
