/** First words of the `roost` command, aliases included. A service has its own command, so it is named like none of these. */
export const commandNames: ReadonlySet<string> = new Set([
  "agents",
  "answer",
  "ask",
  "autostart",
  "channels",
  "chat",
  "config",
  "database",
  "devices",
  "doctor",
  "down",
  "facts",
  "files",
  "grants",
  "graphql",
  "export",
  "help",
  "import",
  "hooks",
  "hosts",
  "inbox",
  "jobs",
  "join",
  "keys",
  "link",
  "lock",
  "log",
  "mcp",
  "models",
  "notices",
  "once",
  "open",
  "openapi",
  "part",
  "ps",
  "questions",
  "queues",
  "recall",
  "rehearse",
  "remember",
  "reserve",
  "roost",
  "route",
  "run",
  "runs",
  "service",
  "sessions",
  "spend",
  "state",
  "status",
  "sync",
  "up",
]);

/** What a host runs, by whose names its logins and their files are called, beside those of services. */
const hostRoles: ReadonlySet<string> = new Set(["workers", "schedulers", "relay"]);

/** Why no service may have this name; undefined: it may. */
export function reservedFor(name: string): string | undefined {
  if (commandNames.has(name)) return `roost ${name} is a command already`;
  return hostRoles.has(name) ? `${name} is what hosts run beside services` : undefined;
}
