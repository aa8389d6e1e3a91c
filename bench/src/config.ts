/** What programs under measurement take from this process's environment: nothing that names a home, a model or a key. */
const inherited = ["PATH", "HOME", "TMPDIR", "LANG"];

export function readInheritedEnvironment(environment: NodeJS.ProcessEnv = process.env): Record<string, string> {
  return Object.fromEntries(
    inherited.flatMap((name) => {
      const value = environment[name];
      return value === undefined ? [] : [[name, value]];
    }),
  );
}
