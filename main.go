// Command flink-payments is the Pulumi program: it takes stateful Flink jobs
// from settings to running on EKS, in one dependency graph.
package main

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"flink-payments/components"
)

func main() { pulumi.Run(components.Stack) }
