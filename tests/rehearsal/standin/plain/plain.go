// Package plain reads and combines plain values, as encoding/json has them: what
// a provider gets and gives. It knows no service and no protocol.
package plain

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"maps"
)

// Text at a path of keys; empty where there is none.
func Text(m map[string]any, path ...string) string {
	value, _ := At(m, path...).(string)
	return value
}

func At(m map[string]any, path ...string) any {
	var value any = m
	for _, key := range path {
		inner, _ := value.(map[string]any)
		value = inner[key]
	}
	return value
}

// Overlay returns base with what is in more on top, one level deep.
func Overlay(base, more map[string]any) map[string]any {
	over := maps.Clone(base)
	if over == nil {
		over = map[string]any{}
	}
	maps.Copy(over, more)
	return over
}

// Copy shares nothing with the map.
func Copy(m map[string]any) map[string]any {
	encoded, err := json.Marshal(m)
	if err != nil {
		panic(err) // it came over the wire
	}
	var c map[string]any
	_ = json.Unmarshal(encoded, &c)
	return c
}

// Digest of a text in hexadecimal: what a service makes up from it.
func Digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}
