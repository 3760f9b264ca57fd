package standin

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
)

// S3API serves the bucket, its name in the path.
func (w *World) S3API() http.Handler {
	return http.HandlerFunc(func(out http.ResponseWriter, in *http.Request) {
		w.Lock()
		defer w.Unlock()
		bucket, key, _ := strings.Cut(strings.TrimPrefix(in.URL.Path, "/"), "/")
		for part, code := range w.Refuse {
			if strings.Contains(in.URL.Path, part) {
				s3Error(out, code, "AccessDenied")
				return
			}
		}
		if in.Method != http.MethodGet && in.Method != http.MethodHead {
			w.Writes = append(w.Writes, in.Method+" "+in.URL.Path)
		}
		object, found := w.S3[key]
		switch {
		case bucket != Bucket:
			s3Error(out, http.StatusNotFound, "NoSuchBucket")
		case in.Method == http.MethodPut:
			body, err := io.ReadAll(in.Body)
			if err != nil {
				s3Error(out, http.StatusBadRequest, "IncompleteBody")
				return
			}
			w.S3[key] = Stored{body, Key}
		case key == "":
			w.listObjects(out, in.URL.Query().Get("prefix"), in.URL.Query().Get("delimiter"))
		case !found:
			s3Error(out, http.StatusNotFound, "NoSuchKey")
		default:
			if object.Key != "" {
				out.Header().Set("x-amz-server-side-encryption", "aws:kms")
				out.Header().Set("x-amz-server-side-encryption-aws-kms-key-id", object.Key)
			}
			http.ServeContent(out, in, "", time.Time{}, bytes.NewReader(object.Body))
		}
	})
}

func (w *World) listObjects(out http.ResponseWriter, prefix, delimiter string) {
	type entry struct {
		Prefix string `xml:",omitempty"`
		Key    string `xml:",omitempty"`
	}
	var result struct {
		XMLName        xml.Name `xml:"ListBucketResult"`
		IsTruncated    bool
		Contents       []entry
		CommonPrefixes []entry
	}
	seen := map[string]bool{}
	for _, key := range slices.Sorted(maps.Keys(w.S3)) {
		rest, under := strings.CutPrefix(key, prefix)
		if !under {
			continue
		}
		folder, _, deeper := strings.Cut(rest, delimiter)
		switch {
		case delimiter == "" || !deeper:
			result.Contents = append(result.Contents, entry{Key: key})
		case !seen[folder]:
			seen[folder] = true
			result.CommonPrefixes = append(result.CommonPrefixes, entry{Prefix: prefix + folder + delimiter})
		}
	}
	out.Header().Set("Content-Type", "application/xml")
	_ = xml.NewEncoder(out).Encode(result)
}

func s3Error(out http.ResponseWriter, code int, name string) {
	out.WriteHeader(code)
	fmt.Fprintf(out, "<Error><Code>%s</Code><Message>%s</Message></Error>", name, name)
}

// STS serves the two calls that tell who the bearer of a token is. With no
// Token set, any will do: a real API server signed it.
func (w *World) STS() http.Handler {
	return http.HandlerFunc(func(out http.ResponseWriter, in *http.Request) {
		w.Lock()
		defer w.Unlock()
		refuse := func(code, message string) {
			out.WriteHeader(http.StatusForbidden)
			fmt.Fprintf(out, "<ErrorResponse><Error><Type>Sender</Type><Code>%s</Code><Message>%s</Message></Error></ErrorResponse>", code, message)
		}
		switch action := in.PostFormValue("Action"); {
		case w.Refuse["sts"] != 0:
			out.WriteHeader(w.Refuse["sts"])
		case action == "AssumeRoleWithWebIdentity" && w.Refusal != "":
			refuse(w.Refusal, "Not authorized for "+in.PostFormValue("WebIdentityToken"))
		case action == "AssumeRoleWithWebIdentity" && w.Token != "" && in.PostFormValue("WebIdentityToken") != w.Token:
			refuse("InvalidIdentityToken", "not the pod's token")
		case action == "AssumeRoleWithWebIdentity":
			fmt.Fprint(out, `<AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult><Credentials>`+
				`<AccessKeyId>ASIAPOD</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken><Expiration>2100-01-01T00:00:00Z</Expiration>`+
				`</Credentials></AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>`)
		case action == "GetCallerIdentity" && strings.Contains(in.Header.Get("Authorization"), "Credential=ASIAPOD/"):
			fmt.Fprintf(out, `<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>%s</Arn><Account>%s</Account></GetCallerIdentityResult></GetCallerIdentityResponse>`, w.Caller, Account)
		default:
			refuse("AccessDenied", "not as the pod")
		}
	})
}
