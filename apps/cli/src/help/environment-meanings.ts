/** The variables that `roost` reads, and those of `roost up`. */
export const environmentMeanings: readonly { name: string; meaning: string }[] = [
  { name: "ROOST_HOME", meaning: "the home, where the gateway's address and token are found (default: ~/.roost)" },
  { name: "ROOST_URL", meaning: "URL of a remote gateway, as in http://127.0.0.1:7717; the home is then not needed" },
  { name: "ROOST_TOKEN", meaning: "token of that gateway: the content of .roost/token in its home" },
  { name: "VISUAL, EDITOR", meaning: "editor for roost jobs edit (default: vi)" },
  { name: "NO_COLOR", meaning: "no colours" },
  { name: "FORCE_COLOR", meaning: "colours even without a terminal; 0: none" },
  { name: "COLUMNS", meaning: "width of tables (default: the terminal's; 120 in a file or pipe)" },
  { name: "ROOST_PORT", meaning: "up: port of the gateway (default: 7717; 0: any free port)" },
  {
    name: "ROOST_HOST",
    meaning:
      "up: address to listen on (default: listen.host of roost.yaml, or 127.0.0.1); on a joined host, the one under which its services are reached",
  },
  { name: "ROOST_WORKERS", meaning: "up: number of worker processes (default: roost.yaml, else 2)" },
  {
    name: "ROOST_CAPABILITIES",
    meaning:
      "up: what the workers of this host offer to jobs and agents that need it, as in gpu,messages (docs/hosts.md)",
  },
  {
    name: "DATABASE_URL",
    meaning:
      "up: URL of your own PostgreSQL, 15 or newer, instead of the bundled one; several hosts for a failover (docs/postgresql.md)",
  },
  {
    name: "OBJECTS_URL",
    meaning:
      "up: bucket for versions of files and parts, as in s3://BUCKET/PREFIX?endpoint=URL&region=NAME (default: the home)",
  },
  { name: "AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY", meaning: "up: key of that bucket" },
  { name: "AWS_REGION", meaning: "up: its region, when its address has none" },
  {
    name: "OBJECTS_FROM_URL",
    meaning: "up: bucket that is left with this start, whose objects are carried over (docs/running.md)",
  },
  {
    name: "ROOST_AGE_IDENTITY",
    meaning: "up: file with the age identity that secrets of the form age:PATH are encrypted for (docs/settings.md)",
  },
  { name: "KAFKA_BROKERS", meaning: "up: host:port of Kafka's brokers, with commas; starts the relay (docs/kafka.md)" },
  { name: "KAFKA_TLS", meaning: "up: true: encrypted connections to Kafka, certificates verified" },
  { name: "KAFKA_CA_FILE", meaning: "up: file of the authority that vouches for the brokers; implies KAFKA_TLS" },
  { name: "KAFKA_USERNAME, KAFKA_PASSWORD", meaning: "up: SASL user of Kafka" },
  { name: "KAFKA_SASL_MECHANISM", meaning: "up: SCRAM-SHA-256 (default), SCRAM-SHA-512 or PLAIN" },
  { name: "KAFKA_TOPIC_PREFIX", meaning: "up: before the names of topics in Kafka (default: roost.)" },
  {
    name: "KAFKA_REPLICATION_FACTOR",
    meaning: "up: copies of new topics (default: 3, or as many as there are brokers)",
  },
  { name: "KAFKA_TOPICS", meaning: "up: topics of the log that are shipped, with commas (default: all)" },
  { name: "KAFKA_INGEST", meaning: "up: topics of Kafka whose events enter the log, with commas (default: none)" },
  {
    name: "KAFKA_INGEST_LOGS",
    meaning: "up: the same, of topics that only the relays of other Roosts may write (default: none)",
  },
  { name: "ROOST_QUEUES", meaning: "up: queues whose runs the workers take, first ones first (default: default)" },
  { name: "ROOST_CONCURRENCY", meaning: "up: runs that a worker executes at the same time, 1 to 256 (default: 8)" },
  { name: "ROOST_LEASE_MS", meaning: "up: a worker that is silent for this long counts as hung, in milliseconds" },
  { name: "ROOST_GRACE_MS", meaning: "up: how long runs may go on after a stop, in milliseconds" },
  {
    name: "OTEL_EXPORTER_OTLP_ENDPOINT",
    meaning: "up: where traces are sent, an OTLP endpoint over HTTP (default: nowhere)",
  },
  {
    name: "ROOST_TRACE_URL",
    meaning:
      "up: the page of a trace at your collector, for the console: http://127.0.0.1:16686/trace/{traceId} (Jaeger)",
  },
  { name: "ROOST_LOG_LEVEL", meaning: "up: debug, info, warn or error (default: info)" },
  { name: "ROOST_MODEL_URL", meaning: "up: URL of an OpenAI-compatible server, up to and including /v1" },
  { name: "ROOST_MODEL", meaning: "up: model to use there (default: the first it lists)" },
  { name: "ROOST_MODEL_KEY", meaning: "up: API key for it" },
  { name: "OPENROUTER_API_KEY", meaning: "up: API key; uses OpenRouter" },
  { name: "OPENAI_API_KEY", meaning: "up: API key; uses OpenAI" },
];
