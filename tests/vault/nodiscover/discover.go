// Package discover stands in for hashicorp/go-discover, the cloud auto-join of
// raft storage, which the test server never calls. It saves some 300
// packages (client-go and a dozen cloud SDKs).
package discover

import (
	"errors"
	"log"
)

type Provider interface {
	Addrs(args map[string]string, l *log.Logger) ([]string, error)
	Help() string
}

var Providers = map[string]Provider{}

type Discover struct{}
type Option func(*Discover) error

func New(...Option) (*Discover, error)         { return nil, errors.New("auto-join is not built in") }
func WithProviders(map[string]Provider) Option { return nil }
func (*Discover) Addrs(string, *log.Logger) ([]string, error) {
	return nil, errors.New("auto-join is not built in")
}
