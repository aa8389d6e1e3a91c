/**
 * What the programs that every home runs load before they do anything: packages of others, which each process keeps in memory for as long as it
 * runs. What is needed seldom is imported where it is used.
 */
import { posix } from "node:path";
import { findRoom, type Complaint, type Import, type Repository } from "../repository.ts";

const database = ["pg"];
const contract = ["ajv", "ajv-formats", "eventsource-parser", "hono", "jsoncompat", "zod"];
const home = ["@ai-sdk/provider", "@opentelemetry/api", "croner", "ipaddr.js", "node-diff3", "s3mini", "yaml"];

/** By the program's path. */
const listed: Readonly<Record<string, readonly string[]>> = {
  "apps/supervisor/src/main.ts": database,
  "apps/gateway/src/main.ts": [...database, ...contract, ...home, "@hono/node-server"],
  "packages/worker/src/main.ts": [...database, ...contract, ...home, "diff"],
};

export function checkStartLoads(repository: Repository): Complaint[] {
  return Object.entries(listed).flatMap(([program, packages]) => {
    if (repository.find(program) === undefined) return [];
    const loaded = listLoaded(repository, program);
    const added = [...loaded].flatMap(([name, way]): Complaint[] => {
      if (packages.includes(name)) return [];
      const message = `is loaded at the start of ${program} and loads ${name} (by ${way.join(" → ")}): import that where it is used, or list it in test/tidy/rules/start-loads.ts`;
      return [{ path: way.at(-1)!, message }];
    });
    const left = packages.filter((name) => !loaded.has(name));
    const message = `does not load ${left.join(", ")} any more: take that off the list in test/tidy/rules/start-loads.ts`;
    return left.length === 0 ? added : [...added, { path: program, message }];
  });
}

/** Packages of others, each with the shortest way of files that leads to it. */
function listLoaded(repository: Repository, program: string): Map<string, string[]> {
  const loaded = new Map<string, string[]>();
  const seen = new Set([program]);
  let ways = [[program]];
  while (ways.length > 0) {
    const next: string[][] = [];
    for (const way of ways) {
      const path = way.at(-1)!;
      for (const one of repository.find(path)?.imports ?? []) {
        if (!one.isLoaded || one.from.startsWith("node:")) continue;
        const target = targetOf(repository, path, one);
        if (target === undefined) {
          const [name = "", inside = ""] = one.from.split("/");
          const whole = name.startsWith("@") ? `${name}/${inside}` : name;
          if (!loaded.has(whole)) loaded.set(whole, way);
        } else if (!seen.has(target)) {
          seen.add(target);
          next.push([...way, target]);
        }
      }
    }
    ways = next;
  }
  return loaded;
}

/** The file of the project; undefined: a package of others. */
function targetOf(repository: Repository, path: string, { from }: Import): string | undefined {
  if (from.startsWith(".")) return posix.join(posix.dirname(path), from);
  const [, name = "", subpath] = /^@roost\/([^/]+)(?:\/(.+))?$/.exec(from) ?? [];
  const room = name === "" ? undefined : findRoom(repository, name);
  if (room === undefined) return undefined;
  const { exports = {} } = JSON.parse(repository.find(`${room}/package.json`)!.text) as {
    exports?: Record<string, string>;
  };
  return posix.join(room, exports[subpath === undefined ? "." : `./${subpath}`] ?? "");
}
