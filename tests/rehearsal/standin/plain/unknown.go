package plain

import "slices"

// unknownValues are the engine's marks of values that are not known yet;
// each kind of value has its own.
var unknownValues = []string{
	"1c4a061d-8072-4f0a-a4cb-0ff528b18fe7", "3eeb2bf0-c639-47a8-9e75-3b44932eb421",
	"04da6b54-80e4-46f7-96ec-b56ff0331ba9", "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",
	"030794c1-ac77-496b-92df-f27374a8bd58", "e48ece36-62e2-4504-bad9-02848725956a", "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",
}

// Unknown says whether a value is such a mark.
func Unknown(value any) bool {
	text, ok := value.(string)
	return ok && slices.Contains(unknownValues, text)
}

// AnyUnknown says whether a mark is anywhere in a value.
func AnyUnknown(value any) bool {
	switch value := value.(type) {
	case map[string]any:
		for _, inner := range value {
			if AnyUnknown(inner) {
				return true
			}
		}
	case []any:
		return slices.ContainsFunc(value, AnyUnknown)
	}
	return Unknown(value)
}
