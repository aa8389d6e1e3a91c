const prefixes = /^(?:.*[.:/])(?=[^.:/]+$)/;

/** JSON behind a name, as of a server that took a call's text for its name: `list_files{"path": "memory"}`. */
export function splitNamedCall(name: string): { name: string; argumentsText: string } | undefined {
  const at = name.indexOf("{");
  const argumentsText = at <= 0 ? "" : name.slice(at).trim();
  return argumentsText.endsWith("}") ? { name: name.slice(0, at), argumentsText } : undefined;
}

/** A tool's name as meant: `functions.list_files:0`, ` list_files `, `list_files<|channel|>json` are `list_files`. May be empty. */
export function plainToolName(name: string): string {
  const [first = ""] = name.trim().split(/<[|｜]|[\s([{]/);
  return first
    .replace(/^["'`]+|["'`]+$/g, "")
    .replace(/:\d+$/, "")
    .replace(prefixes, "");
}

/** The one of these names that is meant; undefined when none is, or more than one may be. */
export function matchToolName(name: string, names: readonly string[]): string | undefined {
  if (names.includes(name)) return name;
  const plain = plainToolName(name);
  if (plain === "" || names.includes(plain)) return plain || undefined;
  const inner = withoutServers(plain).find((each) => names.includes(each));
  if (inner !== undefined) return inner;
  const alike = names.filter((each) => bare(each) === bare(plain));
  return alike.length === 1 ? alike[0] : undefined;
}

/** `mcp__roost__list_files`: clients of MCP put servers' names before a tool's, and models know these forms. The longest rest first. */
function withoutServers(name: string): string[] {
  const parts = name.split("__");
  return parts.slice(1).map((_, index) => parts.slice(index + 1).join("__"));
}

function bare(name: string): string {
  return name.toLowerCase().replace(/[-_]/g, "");
}
