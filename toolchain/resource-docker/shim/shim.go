// Package shim hands out the upstream Docker provider, which upstream keeps in an internal package. Go lets a package
// import an internal one if its path lies below the internal package's parent: hence this module's borrowed path.
package shim

import (
	"github.com/hashicorp/terraform-plugin-sdk/v2/helper/schema"
	"github.com/terraform-providers/terraform-provider-docker/internal/provider"
)

// NewProvider returns the upstream provider with every resource that is written against Terraform's SDK v2: all that
// @pulumi/docker offers, except its own docker.Image.
func NewProvider(version string) *schema.Provider {
	return provider.New(version)()
}
