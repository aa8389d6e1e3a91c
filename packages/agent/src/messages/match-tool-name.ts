const prefixes = /^(?:.*[.:/])(?=[^.:/]+$)/;

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
  const alike = names.filter((each) => bare(each) === bare(plain));
  return alike.length === 1 ? alike[0] : undefined;
}

function bare(name: string): string {
  return name.toLowerCase().replace(/[-_]/g, "");
}
