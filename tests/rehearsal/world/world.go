// Package world holds what exists outside Pulumi: the objects of the stand-in
// services, in one file, so that one command finds what an earlier one left.
package world

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
)

// An Object is one thing of a service. Its values are those of encoding/json.
type Object struct {
	// Package of the provider: aws, kubernetes, vault, datadog.
	Package string `json:"package"`
	// Type is Pulumi's token: aws:s3/bucketV2:BucketV2.
	Type string `json:"type"`
	// ID is unique within the type. It is Pulumi's ID, but for objects in S3: BUCKET/KEY.
	ID string `json:"id"`
	// Inputs are what a caller last asked for.
	Inputs map[string]any `json:"inputs,omitempty"`
	// State is what the service answers when it is asked. Editing it is drift.
	State map[string]any `json:"state,omitempty"`
	// Private is what a service keeps for itself.
	Private map[string]any `json:"private,omitempty"`
}

// ErrNotFound is returned by Edit for what is not there.
var ErrNotFound = errors.New("not found")

// A World is safe for concurrent use by one process.
type World struct {
	file string

	lock         sync.Mutex
	objects      map[key]json.RawMessage
	counters     map[string]int64
	instructions map[string][]Instruction
}

type key struct{ pkg, typ, id string }

func (a key) compare(b key) int {
	return strings.Compare(a.pkg+"\x00"+a.typ+"\x00"+a.id, b.pkg+"\x00"+b.typ+"\x00"+b.id)
}

type document struct {
	Counters     map[string]int64         `json:"counters"`
	Instructions map[string][]Instruction `json:"instructions"`
	Objects      []json.RawMessage        `json:"objects"`
}

// Open reads a world, or begins an empty one where there is no file. An empty
// name keeps the world in memory.
func Open(file string) (*World, error) {
	w := &World{file: file, objects: map[key]json.RawMessage{}, counters: map[string]int64{}, instructions: map[string][]Instruction{}}
	if file == "" {
		return w, nil
	}
	text, err := os.ReadFile(file)
	if errors.Is(err, os.ErrNotExist) {
		return w, nil
	}
	if err != nil {
		return nil, err
	}
	var d document
	if err := json.Unmarshal(text, &d); err != nil {
		return nil, fmt.Errorf("world %s: %w", file, err)
	}
	for name, n := range d.Counters {
		w.counters[name] = n
	}
	for job, list := range d.Instructions {
		w.instructions[job] = list
	}
	for _, raw := range d.Objects {
		var o Object
		if err := json.Unmarshal(raw, &o); err != nil {
			return nil, fmt.Errorf("world %s: %w", file, err)
		}
		w.objects[o.key()] = slices.Clone(raw)
	}
	return w, nil
}

func (o Object) key() key { return key{o.Package, o.Type, o.ID} }

// save writes the file as a whole or not at all. The lock is held.
func (w *World) save() error {
	if w.file == "" {
		return nil
	}
	return w.write(w.file)
}

// Detach keeps what follows in memory only.
func (w *World) Detach() {
	w.lock.Lock()
	defer w.lock.Unlock()
	w.file = ""
}

// Copy writes the world as it is now to another file.
func (w *World) Copy(file string) error {
	w.lock.Lock()
	defer w.lock.Unlock()
	return w.write(file)
}

func (w *World) write(file string) error {
	d := document{Counters: w.counters, Instructions: w.instructions, Objects: []json.RawMessage{}}
	for _, k := range w.keys() {
		d.Objects = append(d.Objects, w.objects[k])
	}
	var text bytes.Buffer
	if err := json.NewEncoder(&text).Encode(d); err != nil {
		return err
	}
	temporary, err := os.CreateTemp(filepath.Dir(file), ".world-")
	if err != nil {
		return err
	}
	_, err = temporary.Write(text.Bytes())
	if err = errors.Join(err, temporary.Close()); err == nil {
		err = os.Rename(temporary.Name(), file)
	}
	if err != nil {
		_ = os.Remove(temporary.Name())
	}
	return err
}

func (w *World) keys() []key {
	keys := make([]key, 0, len(w.objects))
	for k := range w.objects {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, key.compare)
	return keys
}

// Get returns a copy.
func (w *World) Get(pkg, typ, id string) (Object, bool) {
	w.lock.Lock()
	raw, there := w.objects[key{pkg, typ, id}]
	w.lock.Unlock()
	if !there {
		return Object{}, false
	}
	return decode(raw), true
}

func decode(raw json.RawMessage) Object {
	var o Object
	if err := json.Unmarshal(raw, &o); err != nil {
		panic(err) // Put encoded it
	}
	return o
}

// Put makes or replaces an object.
func (w *World) Put(o Object) error {
	raw, err := json.Marshal(o)
	if err != nil {
		return fmt.Errorf("world: %s %s: %w", o.Type, o.ID, err)
	}
	w.lock.Lock()
	defer w.lock.Unlock()
	if bytes.Equal(w.objects[o.key()], raw) {
		return nil
	}
	w.objects[o.key()] = raw
	return w.save()
}

// Add makes an object that must not be there; it says whether it did.
func (w *World) Add(o Object) (bool, error) {
	raw, err := json.Marshal(o)
	if err != nil {
		return false, fmt.Errorf("world: %s %s: %w", o.Type, o.ID, err)
	}
	w.lock.Lock()
	defer w.lock.Unlock()
	if _, there := w.objects[o.key()]; there {
		return false, nil
	}
	w.objects[o.key()] = raw
	return true, w.save()
}

// Edit changes an object in one step. What change returns is returned, and
// then nothing is changed. ErrNotFound: it is not there.
func (w *World) Edit(pkg, typ, id string, change func(*Object) error) error {
	w.lock.Lock()
	defer w.lock.Unlock()
	at := key{pkg, typ, id}
	raw, there := w.objects[at]
	if !there {
		return fmt.Errorf("%s %s: %w", typ, id, ErrNotFound)
	}
	o := decode(raw)
	if err := change(&o); err != nil {
		return err
	}
	o.Package, o.Type, o.ID = pkg, typ, id
	changed, err := json.Marshal(o)
	if err != nil || bytes.Equal(changed, raw) {
		return err
	}
	w.objects[at] = changed
	return w.save()
}

// Delete removes an object; one that is not there is no error.
func (w *World) Delete(pkg, typ, id string) error {
	w.lock.Lock()
	defer w.lock.Unlock()
	at := key{pkg, typ, id}
	if _, there := w.objects[at]; !there {
		return nil
	}
	delete(w.objects, at)
	return w.save()
}

// List returns the objects of a package and type, sorted; an empty argument is any.
func (w *World) List(pkg, typ string) []Object {
	return w.Where(func(p, t, _ string) bool { return (pkg == "" || p == pkg) && (typ == "" || t == typ) })
}

// Find returns the objects whose type or ID holds the text.
func (w *World) Find(text string) []Object {
	return w.Where(func(_, t, id string) bool { return strings.Contains(t, text) || strings.Contains(id, text) })
}

// Where returns the objects that fit, sorted by package, type and ID.
func (w *World) Where(fits func(pkg, typ, id string) bool) []Object {
	w.lock.Lock()
	defer w.lock.Unlock()
	var found []Object
	for _, k := range w.keys() {
		if fits(k.pkg, k.typ, k.id) {
			found = append(found, decode(w.objects[k]))
		}
	}
	return found
}

// Next counts up, from 1. The services number what they make with it.
func (w *World) Next(counter string) (int64, error) {
	w.lock.Lock()
	defer w.lock.Unlock()
	w.counters[counter]++
	return w.counters[counter], w.save()
}

// An Instruction tells a service to misbehave.
type Instruction string

// What the operator model can be told about a job, by the FlinkDeployment's name.
const (
	// FailNextUpgrade lets the next deployment of the job end FAILED.
	FailNextUpgrade Instruction = "FailNextUpgrade"
	// MissNextMount lets the pods of the next deployment of the job wait for a
	// volume at first: its ConfigMap comes after them.
	MissNextMount Instruction = "MissNextMount"
	// RollBackNextUpgrade lets the operator take the next deployment back: ROLLED_BACK.
	RollBackNextUpgrade Instruction = "RollBackNextUpgrade"
	// FailNextSnapshot lets the job's next FlinkStateSnapshot end FAILED.
	FailNextSnapshot Instruction = "FailNextSnapshot"
)

// Instruct queues an instruction.
func (w *World) Instruct(name string, i Instruction) error {
	w.lock.Lock()
	defer w.lock.Unlock()
	w.instructions[name] = append(w.instructions[name], i)
	return w.save()
}

// Obey says whether an instruction is queued, and takes it off.
func (w *World) Obey(name string, i Instruction) bool {
	w.lock.Lock()
	defer w.lock.Unlock()
	at := slices.Index(w.instructions[name], i)
	if at < 0 {
		return false
	}
	w.instructions[name] = slices.Delete(w.instructions[name], at, at+1)
	if len(w.instructions[name]) == 0 {
		delete(w.instructions, name)
	}
	return w.save() == nil
}
