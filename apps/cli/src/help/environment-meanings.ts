/** The variables that `roost` itself reads, and those of what `roost up` starts. */
export const environmentMeanings: readonly { name: string; meaning: string }[] = [
  { name: "ROOST_HOME", meaning: "the home; ~/.roost when not set. The gateway's address and token are found in it" },
  { name: "ROOST_URL", meaning: "a gateway elsewhere, as in http://127.0.0.1:7717; the home is then not needed" },
  { name: "ROOST_TOKEN", meaning: "the token of that gateway: the content of .roost/token in its home" },
  { name: "VISUAL, EDITOR", meaning: "the editor of roost jobs edit; vi when not set" },
  { name: "NO_COLOR", meaning: "no colours, whatever the output is" },
  { name: "FORCE_COLOR", meaning: "colours, whatever the output is; 0 is none" },
  { name: "COLUMNS", meaning: "the width of tables; the terminal's when not set, 120 in a file or a pipe" },
  { name: "ROOST_PORT", meaning: "of up: the port of the gateway; 7717 when not set, 0 is any that is free" },
  { name: "ROOST_HOST", meaning: "of up: the address that it listens on; 127.0.0.1 when not set" },
  { name: "ROOST_WORKERS", meaning: "of up: processes that execute runs; 2 when neither it nor roost.yaml says so" },
  {
    name: "DATABASE_URL",
    meaning: "of up: a PostgreSQL of one's own, 15 or newer, in place of the one that comes along",
  },
  { name: "ROOST_LOG_LEVEL", meaning: "of up: debug, info, warn or error; info when not set" },
  { name: "ROOST_MODEL_URL", meaning: "of up: the address of an OpenAI-compatible server, up to and including /v1" },
  { name: "ROOST_MODEL", meaning: "of up: the model to ask there; the first that it lists when not set" },
  { name: "ROOST_MODEL_KEY", meaning: "of up: its key" },
  { name: "OPENROUTER_API_KEY", meaning: "of up: asks OpenRouter" },
  { name: "OPENAI_API_KEY", meaning: "of up: asks OpenAI" },
];
