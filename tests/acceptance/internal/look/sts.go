package look

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"

	"flink-payments/tests/acceptance/internal/promise"
)

// STS tells who the bearer of a web identity token is.
type STS struct {
	config   aws.Config
	endpoint string
}

// NewSTS uses an endpoint of its own where one is given.
func NewSTS(config aws.Config, endpoint string) *STS { return &STS{config, endpoint} }

func (s *STS) client(provider aws.CredentialsProvider) *sts.Client {
	return sts.NewFromConfig(s.config, func(o *sts.Options) {
		o.Credentials = provider
		if s.endpoint != "" {
			o.BaseEndpoint = &s.endpoint
		}
	})
}

// WhoIs does what the SDK inside the pod does: it assumes the role with the
// token and asks who it is. The session's credentials live in this call only,
// for the shortest time that STS gives. A refusal is a fact; any other error is not.
func (s *STS) WhoIs(ctx context.Context, role string, token []byte) (promise.Caller, error) {
	token = bytes.TrimSpace(token)
	assumed, err := s.client(aws.AnonymousCredentials{}).AssumeRoleWithWebIdentity(ctx, &sts.AssumeRoleWithWebIdentityInput{
		RoleArn: &role, RoleSessionName: aws.String("flink-payments-acceptance"),
		WebIdentityToken: aws.String(string(token)), DurationSeconds: aws.Int32(900),
	})
	if err != nil {
		return refused(err, token)
	}
	c := assumed.Credentials
	session := credentials.NewStaticCredentialsProvider(aws.ToString(c.AccessKeyId), aws.ToString(c.SecretAccessKey), aws.ToString(c.SessionToken))
	caller, err := s.client(session).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		return refused(err, token)
	}
	return promise.Caller{Account: aws.ToString(caller.Account), ARN: aws.ToString(caller.Arn)}, nil
}

// refused tells STS' refusal from a failure to ask: no answer, an answer of its
// own trouble, or too many questions. No text carries the token on.
func refused(err error, token []byte) (promise.Caller, error) {
	var answer *awshttp.ResponseError
	var api smithy.APIError
	if errors.As(err, &answer) && errors.As(err, &api) && answer.HTTPStatusCode() < 500 && !strings.Contains(api.ErrorCode(), "Throttling") {
		said := strings.ReplaceAll(api.ErrorMessage(), string(token), "(token)")
		return promise.Caller{Refused: api.ErrorCode() + ": " + said}, nil
	}
	return promise.Caller{}, errors.New("STS: " + strings.ReplaceAll(err.Error(), string(token), "(token)"))
}

// ReadClaims reads what a token says of itself. It does not verify the
// signature: STS does.
func ReadClaims(token []byte) (promise.Claims, error) {
	parts := strings.Split(strings.TrimSpace(string(token)), ".")
	if len(parts) != 3 {
		return promise.Claims{}, errors.New("the token file holds no JSON web token")
	}
	body, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return promise.Claims{}, errors.New("the token file holds no JSON web token")
	}
	var claims struct {
		Issuer   string          `json:"iss"`
		Subject  string          `json:"sub"`
		Audience json.RawMessage `json:"aud"`
	}
	if err := json.Unmarshal(body, &claims); err != nil {
		return promise.Claims{}, errors.New("the token file holds no JSON web token")
	}
	read := promise.Claims{Issuer: claims.Issuer, Subject: claims.Subject}
	var one string
	if json.Unmarshal(claims.Audience, &read.Audience) != nil && json.Unmarshal(claims.Audience, &one) == nil {
		read.Audience = []string{one}
	}
	return read, nil
}
