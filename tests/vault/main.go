// Command vaultdev is a real HashiCorp Vault core for the tests, on loopback, with what they need of it: the
// token, approle and kubernetes auth methods, the kv and transit engines, and data in a folder, so that a
// server that was stopped or killed starts again with what it had.
package main

import (
	"context"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/hashicorp/go-hclog"
	authkube "github.com/hashicorp/vault-plugin-auth-kubernetes"
	kv "github.com/hashicorp/vault-plugin-secrets-kv"
	"github.com/hashicorp/vault/builtin/credential/approle"
	"github.com/hashicorp/vault/builtin/logical/transit"
	"github.com/hashicorp/vault/helper/namespace"
	vaulthttp "github.com/hashicorp/vault/http"
	"github.com/hashicorp/vault/internalshared/configutil"
	"github.com/hashicorp/vault/sdk/helper/consts"
	"github.com/hashicorp/vault/sdk/logical"
	"github.com/hashicorp/vault/sdk/physical/file"
	"github.com/hashicorp/vault/sdk/version"
	"github.com/hashicorp/vault/vault"
)

var (
	secrets = map[string]logical.Factory{"kv": kv.Factory, "transit": transit.Factory}
	auths   = map[string]logical.Factory{"approle": approle.Factory, "kubernetes": authkube.Factory}
)

// registry is the plugin catalogue's list of built-in plugins.
type registry map[consts.PluginType]map[string]logical.Factory

func (r registry) Contains(name string, kind consts.PluginType) bool {
	_, found := r[kind][name]
	return found
}

func (r registry) Get(name string, kind consts.PluginType) (func() (interface{}, error), bool) {
	factory, found := r[kind][name]
	return func() (interface{}, error) { return factory, nil }, found
}

func (r registry) Keys(kind consts.PluginType) (names []string) {
	for name := range r[kind] {
		names = append(names, name)
	}
	return names
}

func (r registry) DeprecationStatus(name string, kind consts.PluginType) (consts.DeprecationStatus, bool) {
	return consts.Supported, r.Contains(name, kind)
}

func (r registry) IsBuiltinEntPlugin(string, consts.PluginType) bool { return false }

func main() {
	address := flag.String("addr", "127.0.0.1:0", "loopback address to listen on (port 0: any)")
	storage := flag.String("storage", "", "folder of the data; an empty one is initialised")
	token := flag.String("root-token", "root", "id of the root token")
	certificate := flag.String("tls-certificate", "", "PEM file; with it the server speaks TLS")
	key := flag.String("tls-key", "", "PEM file of the certificate's key")
	asked := flag.Bool("version", false, "say the version of Vault, and end")
	flag.Parse()
	if *asked {
		fmt.Println("v" + version.GetVersion().VersionNumber())
		return
	}
	if err := serve(*address, *storage, *token, *certificate, *key); err != nil {
		fmt.Fprintln(os.Stderr, "vaultdev:", err)
		os.Exit(1)
	}
}

func serve(address, storage, token, certificate, key string) error {
	core, err := newCore(storage)
	if err != nil {
		return err
	}
	ctx := namespace.RootContext(context.Background())
	if err := open(ctx, core, filepath.Join(storage, "unseal-key"), token); err != nil {
		return err
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	server := &http.Server{
		ReadHeaderTimeout: 10 * time.Second,
		Handler: vaulthttp.Handler(&vault.HandlerProperties{Core: core, ListenerConfig: &configutil.Listener{
			Type: "tcp", Address: listener.Addr().String(), TLSDisable: certificate == ""}}),
	}
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, os.Interrupt, syscall.SIGTERM)
	go func() { <-stop; server.Close() }()
	if certificate == "" {
		fmt.Printf("listening http://%s\n", listener.Addr())
		err = server.Serve(listener)
	} else {
		fmt.Printf("listening https://%s\n", listener.Addr())
		err = server.ServeTLS(listener, certificate, key)
	}
	if !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return core.Shutdown()
}

func newCore(storage string) (*vault.Core, error) {
	logger := hclog.New(&hclog.LoggerOptions{Name: "vault", Level: hclog.Warn, Mutex: &sync.Mutex{}})
	physical, err := file.NewFileBackend(map[string]string{"path": filepath.Join(storage, "data")}, logger)
	if err != nil {
		return nil, err
	}
	return vault.NewCore(&vault.CoreConfig{
		Physical:           physical,
		StorageType:        "file",
		LogicalBackends:    secrets,
		CredentialBackends: auths,
		BuiltinRegistry:    registry{consts.PluginTypeSecrets: secrets, consts.PluginTypeCredential: auths},
		Logger:             logger,
		DisableMlock:       true,
	})
}

// open unseals the core, and initialises it first when its storage is empty: with the root token asked for
// and KV version 2 at secret/, as "vault server -dev" does.
func open(ctx context.Context, core *vault.Core, keyFile, token string) error {
	begun, err := core.Initialized(ctx)
	if err != nil {
		return err
	}
	if begun {
		return unseal(core, keyFile)
	}
	one := &vault.SealConfig{SecretShares: 1, SecretThreshold: 1, StoredShares: 1}
	made, err := core.Initialize(ctx, &vault.InitParams{BarrierConfig: one})
	if err != nil {
		return err
	}
	if err := os.WriteFile(keyFile, []byte(hex.EncodeToString(made.SecretShares[0])), 0o600); err != nil {
		return err
	}
	if err := unseal(core, keyFile); err != nil {
		return err
	}
	root := map[string]interface{}{
		"id": token, "policies": []string{"root"}, "no_parent": true, "no_default_policy": true}
	if err := update(ctx, core, made.RootToken, "auth/token/create", root); err != nil {
		return err
	}
	versioned := map[string]interface{}{"type": "kv", "options": map[string]string{"version": "2"}}
	return update(ctx, core, made.RootToken, "sys/mounts/secret", versioned)
}

func unseal(core *vault.Core, keyFile string) error {
	text, err := os.ReadFile(keyFile)
	if err != nil {
		return err
	}
	share, err := hex.DecodeString(strings.TrimSpace(string(text)))
	if err != nil {
		return err
	}
	if done, err := core.Unseal(share); err != nil || !done {
		return fmt.Errorf("still sealed: %w", err)
	}
	return nil
}

func update(ctx context.Context, core *vault.Core, token, path string, data map[string]interface{}) error {
	answer, err := core.HandleRequest(ctx, &logical.Request{
		ID: path, Operation: logical.UpdateOperation, ClientToken: token, Path: path, Data: data})
	if err != nil {
		return err
	}
	if answer.IsError() {
		return answer.Error()
	}
	return nil
}
