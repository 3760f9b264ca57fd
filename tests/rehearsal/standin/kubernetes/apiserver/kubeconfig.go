package apiserver

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"gopkg.in/yaml.v3"
)

// Connect reads a kubeconfig, its current context alone: a server, and a token
// or a client certificate. It asks the server for its version.
func Connect(ctx context.Context, file string) (*Server, error) {
	file, err := filepath.Abs(file)
	if err != nil {
		return nil, err
	}
	content, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("kubeconfig: %w", err)
	}
	var config kubeconfigFile
	if yaml.Unmarshal(content, &config) != nil {
		return nil, fmt.Errorf("kubeconfig %s: it is not YAML", file) // the parser's error may quote a token
	}
	a := &Server{File: file, Context: config.Current, mapped: map[string]map[string]apiResource{}}
	if err := a.dial(config); err != nil {
		return nil, fmt.Errorf("kubeconfig %s: %w", file, err)
	}
	if _, err := a.do(ctx, http.MethodGet, "/version", nil, "", nil); err != nil {
		return nil, fmt.Errorf("API server %s: %w", a.server.Host, err)
	}
	return a, nil
}

type kubeconfigFile struct {
	Current  string `yaml:"current-context"`
	Clusters []struct {
		Name    string
		Cluster struct {
			Server    string
			Insecure  bool   `yaml:"insecure-skip-tls-verify"`
			Authority string `yaml:"certificate-authority"`
			Data      string `yaml:"certificate-authority-data"`
		}
	}
	Contexts []struct {
		Name    string
		Context struct{ Cluster, User string }
	}
	Users []struct {
		Name string
		User struct {
			Token           string
			TokenFile       string `yaml:"tokenFile"`
			Certificate     string `yaml:"client-certificate"`
			CertificateData string `yaml:"client-certificate-data"`
			Key             string `yaml:"client-key"`
			KeyData         string `yaml:"client-key-data"`
		}
	}
}

func (a *Server) dial(config kubeconfigFile) error {
	var cluster, user string
	for _, c := range config.Contexts {
		if c.Name == config.Current {
			cluster, user = c.Context.Cluster, c.Context.User
		}
	}
	security := &tls.Config{MinVersion: tls.VersionTLS12}
	for _, c := range config.Clusters {
		if c.Name != cluster {
			continue
		}
		var err error
		if a.server, err = url.Parse(c.Cluster.Server); err != nil || a.server.Host == "" {
			return fmt.Errorf("the server %q is not a URL", c.Cluster.Server)
		}
		security.InsecureSkipVerify = c.Cluster.Insecure
		authority, err := a.pem(c.Cluster.Data, c.Cluster.Authority)
		if err != nil {
			return err
		}
		if len(authority) > 0 {
			security.RootCAs = x509.NewCertPool()
			if !security.RootCAs.AppendCertsFromPEM(authority) {
				return errors.New("the certificate authority is not PEM")
			}
		}
	}
	if a.server == nil {
		return fmt.Errorf("its current context %q names no cluster", config.Current)
	}
	for _, u := range config.Users {
		if u.Name != user {
			continue
		}
		if a.token = u.User.Token; a.token == "" && u.User.TokenFile != "" {
			content, err := a.pem("", u.User.TokenFile)
			if err != nil {
				return err
			}
			a.token = strings.TrimSpace(string(content))
		}
		certificate, err := a.pem(u.User.CertificateData, u.User.Certificate)
		if err != nil {
			return err
		}
		key, err := a.pem(u.User.KeyData, u.User.Key)
		if err != nil {
			return err
		}
		if len(certificate) > 0 {
			pair, err := tls.X509KeyPair(certificate, key)
			if err != nil {
				return fmt.Errorf("the client certificate: %w", err)
			}
			security.Certificates = []tls.Certificate{pair}
		}
		if a.token == "" && len(certificate) == 0 {
			return fmt.Errorf("the user %q has neither a token nor a client certificate", user)
		}
	}
	a.http = &http.Client{Timeout: 60 * time.Second, Transport: &http.Transport{TLSClientConfig: security, ForceAttemptHTTP2: true}}
	return nil
}

// pem is what a kubeconfig holds in base64, or in a file.
func (a *Server) pem(data, file string) ([]byte, error) {
	if data != "" || file == "" {
		return base64.StdEncoding.DecodeString(data)
	}
	if !filepath.IsAbs(file) {
		file = filepath.Join(filepath.Dir(a.File), file)
	}
	return os.ReadFile(file)
}
