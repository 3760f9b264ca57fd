# From `pulumi stack output --json`: template variables of a Datadog dashboard over all
# jobs, and a list of links, one for each job that is watched.
{
  template_variables: [
    {
      name: "service",
      prefix: "service",
      available_values: [.jobs[].name],
      defaults: ["*"]
    },
    {
      name: "env",
      prefix: "env",
      available_values: [.platform.environment],
      defaults: [.platform.environment]
    }
  ],
  links: [
    .jobs[]
    | select(.dashboardUrl != "")
    | {label: .name, url: .dashboardUrl, version: .version, state_bucket: .bucket, last_savepoint: .savepoint.location}
  ]
}
