// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: Contributors to intelgraph.maestro

package main

import (
	"crypto/subtle"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/distribution/distribution/v3/registry/auth"
)

// access lets anyone pull from public repositories; whatever else is asked for needs the one credential.
type access struct {
	realm, user, password string
	private               []string // prefixes of repository names
}

// newAccess reads the options of the "private" section of the registry's configuration:
// realm, user, password and repositories (the prefixes of private repositories' names).
func newAccess(options map[string]any) (auth.AccessController, error) {
	result := &access{}
	for name, field := range map[string]*string{
		"realm": &result.realm, "user": &result.user, "password": &result.password,
	} {
		value, ok := options[name].(string)
		if !ok || value == "" {
			return nil, fmt.Errorf("auth.private.%s must be a non-empty string", name)
		}
		*field = value
	}
	prefixes, ok := options["repositories"].([]any)
	if !ok {
		return nil, errors.New("auth.private.repositories must be a list of prefixes")
	}
	for _, prefix := range prefixes {
		result.private = append(result.private, fmt.Sprint(prefix))
	}
	return result, nil
}

// Authorized grants what is public to everybody and the rest to the credential's holder.
// A wrong credential is refused everywhere, as public registries do.
func (a *access) Authorized(request *http.Request, wanted ...auth.Access) (*auth.Grant, error) {
	user, password, given := request.BasicAuth()
	if given && !a.holds(user, password) {
		return nil, challenge{a.realm, auth.ErrAuthenticationFailure}
	}
	if !given && !a.public(wanted) {
		return nil, challenge{a.realm, auth.ErrInvalidCredential}
	}
	return &auth.Grant{User: auth.UserInfo{Name: user}, Resources: resources(wanted)}, nil
}

func (a *access) holds(user, password string) bool {
	sameUser := subtle.ConstantTimeCompare([]byte(user), []byte(a.user))
	samePassword := subtle.ConstantTimeCompare([]byte(password), []byte(a.password))
	return sameUser&samePassword == 1
}

func (a *access) public(wanted []auth.Access) bool {
	for _, one := range wanted {
		if one.Type != "repository" || one.Action != "pull" || a.isPrivate(one.Name) {
			return false
		}
	}
	return true
}

func (a *access) isPrivate(repository string) bool {
	for _, prefix := range a.private {
		if strings.HasPrefix(repository, prefix) {
			return true
		}
	}
	return false
}

func resources(wanted []auth.Access) []auth.Resource {
	result := make([]auth.Resource, 0, len(wanted))
	for _, one := range wanted {
		result = append(result, one.Resource)
	}
	return result
}

// challenge answers 401 and asks for a Basic credential.
type challenge struct {
	realm string
	cause error
}

func (c challenge) Error() string { return c.cause.Error() }

func (c challenge) SetHeaders(_ *http.Request, w http.ResponseWriter) {
	w.Header().Set("WWW-Authenticate", fmt.Sprintf("Basic realm=%q", c.realm))
}
