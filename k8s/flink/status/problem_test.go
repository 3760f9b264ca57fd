package status

import (
	"strings"
	"testing"
)

func TestTheOperatorsErrorIsReadWithItsCausesAndWithoutJava(t *testing.T) {
	for raw, want := range map[string]string{
		``:                "",
		`Job Not Found`:   "Job Not Found",
		`{"type":"a.B"}`:  `{"type":"a.B"}`,
		`{"message":"m"}`: "m",
		`{"type":"x.ReconciliationException","message":"a.b.x.SomeException: it cannot","throwableList":[{"type":"a.b.x.SomeException","message":"it cannot"},{"type":"y.F","message":"denied"}]}`:                                                     "it cannot; caused by: denied",
		`{"type":"o.SerializedThrowable","message":"org.apache.flink.client.program.ProgramInvocationException: The main method caused an error: LAB: no\n\tat a.b.C.d(C.java:1)\n\t... 3 more\nCaused by: java.lang.IllegalStateException: LAB: no"}`: "The main method caused an error: LAB: no Caused by: LAB: no",
		`{"message":"java.lang.ClassNotFoundException: com.acme.fraud.Job"}`:                           "ClassNotFoundException: com.acme.fraud.Job",
		`{"message":"java.lang.NullPointerException"}`:                                                 "NullPointerException",
		`{"message":"image \"1.dkr.ecr.ap-south-1.amazonaws.com/payments/fraud-scoring\": not found"}`: `image "1.dkr.ecr.ap-south-1.amazonaws.com/payments/fraud-scoring": not found`,
		strings.Repeat("é", longest+1):                                                                 strings.Repeat("é", longest) + "...",
	} {
		if got := readProblem(raw); got.words != want || got.raw != raw || got.invalid {
			t.Errorf("%s reads %+v", raw, got)
		}
	}
	p := readProblem(`{"type":"x.ValidationException","message":"m","additionalMetadata":{"reason":"ErrImagePull","labels":["l"]}}`)
	if !p.invalid || p.reason != "ErrImagePull" {
		t.Errorf("%+v", p)
	}
}
