# From `pulumi stack output --json`: the field templating of a Grafana dashboard.
# A choice shows the job and carries what belongs to it.
def choice($name; $title; value):
  [.jobs[] | {text: .name, value: value}] as $options
  | {
      type: "custom",
      name: $name,
      label: $title,
      query: ($options | map("\(.text) : \(.value)") | join(",")),
      options: [$options[] | . + {selected: (. == $options[0])}],
      current: $options[0]
    };
def constant($name; $value): {type: "constant", name: $name, query: $value, hide: 2};

{
  templating: {
    list: [
      choice("service"; "Job"; .name),
      choice("bucket"; "State bucket"; .bucket),
      choice("namespace"; "Namespace"; .namespace),
      constant("env"; .platform.environment),
      constant("region"; .platform.region),
      constant("cluster"; .platform.cluster)
    ]
  }
}
