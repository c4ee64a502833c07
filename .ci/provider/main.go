// Command provider is a stand-in for Terraform's AWS provider, which comes from
// HashiCorp's registry only: it has the arguments, blocks and attributes of the
// real one, from a file, and makes nothing. With it Terraform itself can validate
// and plan the modules in deploy/terraform.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"os"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6/tf6server"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// A block is what a block takes, as the tests in deploy write it.
type block struct {
	// Attributes are the types, by name: string, number, bool, list or map (of
	// strings), or empty for any.
	Attributes map[string]string
	Required   map[string]bool
	Blocks     map[string]*block
	// Single is whether there is one at most.
	Single bool
	// Computed are the attributes that only AWS sets.
	Computed map[string]string
}

// samples are what data sources say.
var samples = map[string]string{"partition": "aws", "region": "eu-central-1", "account_id": "111122223333", "json": "{}"}

func main() {
	var known struct{ Resources, Data map[string]*block }
	text, err := os.ReadFile(os.Getenv("ACMBOT_PROVIDER_SCHEMA"))
	if err == nil {
		err = json.Unmarshal(text, &known)
	}
	if err == nil {
		err = tf6server.Serve("registry.terraform.io/hashicorp/aws", func() tfprotov6.ProviderServer {
			return provider{resources: known.Resources, data: known.Data}
		})
	}
	if err != nil {
		log.Fatal(err)
	}
}

func typeOf(name string) tftypes.Type {
	switch name {
	case "string":
		return tftypes.String
	case "number":
		return tftypes.Number
	case "bool":
		return tftypes.Bool
	case "list":
		return tftypes.List{ElementType: tftypes.String}
	case "map":
		return tftypes.Map{ElementType: tftypes.String}
	}
	return tftypes.DynamicPseudoType
}

func (b *block) schema(computed bool) *tfprotov6.SchemaBlock {
	s := &tfprotov6.SchemaBlock{}
	for name, kind := range b.Attributes {
		s.Attributes = append(s.Attributes, &tfprotov6.SchemaAttribute{
			Name: name, Type: typeOf(kind), Required: b.Required[name], Optional: !b.Required[name], Computed: computed && !b.Required[name],
		})
	}
	for name, kind := range b.Computed {
		s.Attributes = append(s.Attributes, &tfprotov6.SchemaAttribute{Name: name, Type: typeOf(kind), Computed: true})
	}
	for name, inner := range b.Blocks {
		nested := &tfprotov6.SchemaNestedBlock{TypeName: name, Block: inner.schema(computed), Nesting: tfprotov6.SchemaNestedBlockNestingModeList}
		if inner.Single {
			nested.MaxItems = 1
		}
		if b.Required[name] {
			nested.MinItems = 1
		}
		s.BlockTypes = append(s.BlockTypes, nested)
	}
	return s
}

// complete gives what is not set a value: unknown before anything is made, and a
// sample in a data source.
func (b *block) complete(given *tfprotov6.DynamicValue, value func(name string, t tftypes.Type) (tftypes.Value, bool)) (*tfprotov6.DynamicValue, error) {
	t := b.schema(true).ValueType()
	object, err := given.Unmarshal(t)
	if err != nil || object.IsNull() {
		return given, err
	}
	attributes := map[string]tftypes.Value{}
	if err := object.As(&attributes); err != nil {
		return nil, err
	}
	for _, kinds := range []map[string]string{b.Attributes, b.Computed} {
		for name, kind := range kinds {
			if v, ok := value(name, typeOf(kind)); ok && attributes[name].IsNull() {
				attributes[name] = v
			}
		}
	}
	whole, err := tfprotov6.NewDynamicValue(t, tftypes.NewValue(t, attributes))
	return &whole, err
}

// provider is what is asked of a provider to validate and plan; anything else
// would be a mistake here, and panics.
type provider struct {
	tfprotov6.ProviderServer
	resources, data map[string]*block
}

func (p provider) GetMetadata(context.Context, *tfprotov6.GetMetadataRequest) (*tfprotov6.GetMetadataResponse, error) {
	return &tfprotov6.GetMetadataResponse{}, nil
}

func (p provider) GetProviderSchema(context.Context, *tfprotov6.GetProviderSchemaRequest) (*tfprotov6.GetProviderSchemaResponse, error) {
	itself := &block{
		Attributes: map[string]string{"region": "string"},
		Blocks:     map[string]*block{"assume_role": {Attributes: map[string]string{"role_arn": "string"}, Single: true}},
	}
	response := &tfprotov6.GetProviderSchemaResponse{
		Provider:        &tfprotov6.Schema{Block: itself.schema(false)},
		ResourceSchemas: map[string]*tfprotov6.Schema{}, DataSourceSchemas: map[string]*tfprotov6.Schema{},
	}
	for name, b := range p.resources {
		response.ResourceSchemas[name] = &tfprotov6.Schema{Block: b.schema(true)}
	}
	for name, b := range p.data {
		response.DataSourceSchemas[name] = &tfprotov6.Schema{Block: b.schema(true)}
	}
	return response, nil
}

func (p provider) ValidateProviderConfig(_ context.Context, r *tfprotov6.ValidateProviderConfigRequest) (*tfprotov6.ValidateProviderConfigResponse, error) {
	return &tfprotov6.ValidateProviderConfigResponse{PreparedConfig: r.Config}, nil
}

func (p provider) ConfigureProvider(context.Context, *tfprotov6.ConfigureProviderRequest) (*tfprotov6.ConfigureProviderResponse, error) {
	return &tfprotov6.ConfigureProviderResponse{}, nil
}

func (p provider) StopProvider(context.Context, *tfprotov6.StopProviderRequest) (*tfprotov6.StopProviderResponse, error) {
	return &tfprotov6.StopProviderResponse{}, nil
}

func (p provider) ValidateResourceConfig(context.Context, *tfprotov6.ValidateResourceConfigRequest) (*tfprotov6.ValidateResourceConfigResponse, error) {
	return &tfprotov6.ValidateResourceConfigResponse{}, nil
}

func (p provider) ValidateDataResourceConfig(context.Context, *tfprotov6.ValidateDataResourceConfigRequest) (*tfprotov6.ValidateDataResourceConfigResponse, error) {
	return &tfprotov6.ValidateDataResourceConfigResponse{}, nil
}

func (p provider) PlanResourceChange(_ context.Context, r *tfprotov6.PlanResourceChangeRequest) (*tfprotov6.PlanResourceChangeResponse, error) {
	b := p.resources[r.TypeName]
	planned, err := b.complete(r.ProposedNewState, func(name string, t tftypes.Type) (tftypes.Value, bool) {
		_, byAWS := b.Computed[name]
		return tftypes.NewValue(t, tftypes.UnknownValue), byAWS || name == "id" || name == "name"
	})
	if err != nil {
		return nil, fmt.Errorf("planning %s: %w", r.TypeName, err)
	}
	return &tfprotov6.PlanResourceChangeResponse{PlannedState: planned}, nil
}

func (p provider) ReadDataSource(_ context.Context, r *tfprotov6.ReadDataSourceRequest) (*tfprotov6.ReadDataSourceResponse, error) {
	state, err := p.data[r.TypeName].complete(r.Config, func(name string, t tftypes.Type) (tftypes.Value, bool) {
		if !t.Is(tftypes.String) {
			return tftypes.Value{}, false
		}
		sample, ok := samples[name]
		if !ok {
			sample = name
		}
		return tftypes.NewValue(t, sample), true
	})
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", r.TypeName, err)
	}
	return &tfprotov6.ReadDataSourceResponse{State: state}, nil
}
