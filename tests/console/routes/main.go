// Routes writes what Flink's REST server routes and what its UI asks for, for each version that
// the console is held against: go run ./routes > ../../k8s/oauth2proxy/testdata/rest.tsv
package main

import (
	"fmt"
	"log"
	"path"
	"slices"
	"strings"

	"flink-payments/tests/console/flink"
)

// A row is a route or a kind of file, with the minor versions that have it and whose UI asks for it.
type row struct{ served, asked []string }

func main() {
	log.SetFlags(0)
	rows := map[string]*row{}
	at := func(key string) *row {
		if rows[key] == nil {
			rows[key] = &row{}
		}
		return rows[key]
	}
	for _, version := range flink.Versions {
		minor := version[:strings.LastIndex(version, ".")]
		cluster, err := flink.Start(version)
		if err != nil {
			log.Fatal(err)
		}
		cluster.Stop()
		ui, err := flink.ReadUI(version)
		if err != nil {
			log.Fatal(err)
		}
		for _, route := range cluster.Routes {
			at(route).served = append(at(route).served, minor)
		}
		for _, ask := range ui.Asks {
			route := routeOf(ask, cluster.Routes)
			if route == "" {
				log.Fatalf("the UI of Flink %s asks for %s, which it does not route", version, ask)
			}
			if asked := &at(route).asked; !slices.Contains(*asked, minor) {
				*asked = append(*asked, minor)
			}
		}
		for _, file := range firstOfEachKind(ui.Files) {
			at("FILE " + file).served = append(at("FILE "+file).served, minor)
		}
	}
	fmt.Printf("# Written by `go generate ./k8s/oauth2proxy` from Flink %s: every route that a running\n", strings.Join(flink.Versions, ", "))
	fmt.Println("# REST server has registered, what its UI asks for, and one file of each folder and kind of the UI.")
	fmt.Println("# method\tpath\tserved by\tasked for by the UI of")
	keys := make([]string, 0, len(rows))
	for key := range rows {
		keys = append(keys, key)
	}
	slices.SortFunc(keys, func(a, b string) int {
		_, pathA, _ := strings.Cut(a, " ")
		_, pathB, _ := strings.Cut(b, " ")
		return strings.Compare(pathA+" "+a, pathB+" "+b)
	})
	for _, key := range keys {
		fmt.Printf("%s\t%s\t%s\n", strings.Replace(key, " ", "\t", 1), strings.Join(rows[key].served, " "), strings.Join(rows[key].asked, " "))
	}
}

// routeOf finds the route that an ask such as GET /jobs/{}/plan meets: of its verb, or, since a
// path alone is taken for a GET, of any.
func routeOf(ask string, routes []string) string {
	verb, path, _ := strings.Cut(ask, " ")
	var other string
	for _, route := range routes {
		method, pattern, _ := strings.Cut(route, " ")
		if !meets(path, pattern) {
			continue
		}
		if method == verb {
			return route
		}
		other = route
	}
	return other
}

// meets says whether a path with {} is spelled as a route with :names is.
func meets(path, pattern string) bool {
	parts, names := strings.Split(path, "/"), strings.Split(pattern, "/")
	return slices.EqualFunc(parts, names, func(part, name string) bool {
		return part == name || part == "{}" && strings.HasPrefix(name, ":")
	})
}

// firstOfEachKind keeps one file of each folder and extension; deep folders that lie side by side
// count as one.
func firstOfEachKind(files []string) []string {
	var first []string
	seen := map[string]bool{}
	for _, file := range files {
		folder := path.Dir(file)
		if strings.Count(folder, "/") > 3 {
			folder = path.Dir(folder)
		}
		if kind := folder + path.Ext(file); !seen[kind] {
			seen[kind] = true
			first = append(first, file)
		}
	}
	return first
}
