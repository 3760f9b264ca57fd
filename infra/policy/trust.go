package policy

// Audience that EKS puts into a ServiceAccount's token. It is a word and no host name: the same in
// every partition, China's included (eksctl issue 1910).
const Audience = "sts.amazonaws.com"

// A ServiceAccount of Kubernetes.
type ServiceAccount struct {
	Namespace string
	Name      string
}

// Subject is how a cluster's tokens name it.
func (s ServiceAccount) Subject() string {
	return "system:serviceaccount:" + s.Namespace + ":" + s.Name
}

// Trust lets the named ServiceAccounts, and nobody else, take on a role. Both the subject and the audience are
// pinned: either alone would let other tokens of the cluster in. A job that may run
// in several clusters has one issuer each.
func Trust(partition Partition, account string, issuers []string, who ...ServiceAccount) Document {
	var statements []Statement
	var subjects []string
	for _, account := range who {
		subjects = append(subjects, account.Subject())
	}
	for _, issuer := range issuers {
		host := issuerHost(issuer)
		statements = append(statements, Statement{
			Effect:    Allow,
			Principal: &Principal{Federated: []string{partition.OIDCProviderARN(account, issuer)}},
			Action:    []string{"sts:AssumeRoleWithWebIdentity"},
			Condition: Condition{"StringEquals": {
				host + ":aud": {Audience},
				host + ":sub": subjects,
			}},
		})
	}
	return document(statements...)
}
