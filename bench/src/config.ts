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

/** What npm and pip need to install: everything, since proxies, certificates and registries are named in many ways. */
export function readInstallEnvironment(environment: NodeJS.ProcessEnv = process.env): NodeJS.ProcessEnv {
  // npm run sets these for its own package.
  return Object.fromEntries(
    Object.entries(environment).filter(([name]) => !/^npm_(package|lifecycle)_|^INIT_CWD$/.test(name)),
  );
}
