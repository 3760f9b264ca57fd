package settings

import "maps"

// managedBy marks everything the program made.
const managedBy = "pulumi"

// baseTags are the tags that everything has; a job's things add service.
func (s Settings) baseTags() map[string]string {
	return map[string]string{"environment": s.Environment, "team": s.Team, "managed-by": managedBy}
}

// ResourceTags of an AWS resource: the stack's own, and the program's.
func (s Settings) ResourceTags(service string) map[string]string {
	tags := maps.Clone(s.Tags)
	if tags == nil {
		tags = map[string]string{}
	}
	maps.Copy(tags, s.Labels(service))
	return tags
}

// Labels of a Kubernetes object: the same words as the tags.
func (s Settings) Labels(service string) map[string]string {
	labels := s.baseTags()
	labels["service"] = service
	return labels
}
