package operator

import "encoding/json"

// child is a map in a map; an absent one is a new one that is not in it.
func child(m object, key string) object {
	inner, _ := m[key].(object)
	if inner == nil {
		inner = object{}
	}
	return inner
}

func text(m object, key string) string {
	t, _ := m[key].(string)
	return t
}

func clone(m object) object {
	encoded, err := json.Marshal(m)
	if err != nil {
		panic(err) // it came from JSON
	}
	var c object
	_ = json.Unmarshal(encoded, &c)
	return c
}
