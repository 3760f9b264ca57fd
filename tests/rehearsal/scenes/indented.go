package scenes

import (
	"bytes"
	"io"
)

// indented is a writer that puts a mark before each line: what Pulumi says
// stands out from what the tour says.
type indented struct {
	out  io.Writer
	mark string
	rest bytes.Buffer
}

func (w *indented) Write(p []byte) (int, error) {
	w.rest.Write(p)
	for {
		line, err := w.rest.ReadString('\n')
		if err != nil {
			w.rest.WriteString(line)
			return len(p), nil
		}
		if _, err := io.WriteString(w.out, w.mark+line); err != nil {
			return 0, err
		}
	}
}
