/**
 * Builds the console: bundles its sources, writes the table of routes from the contract and the list of files for the service worker, and compresses
 * what is sent. Serves nothing.
 */
import assert from "node:assert/strict";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";
import { build, type Plugin, type Rolldown } from "vite";
import { listHints, type BundleManifest } from "./list-hints.ts";
import { roostOperations } from "@roost/contract/operations";
import { listRoutes } from "./list-routes.ts";
import { findScreenedServices, listServiceScreens } from "./service-screens.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const services = join(root, "../../services");
/** What the first screen does not have comes with the screens that have it. */
const shellModules =
  /\/node_modules\/(?:react|react-dom|scheduler|wouter|eventsource-parser|regexparam|use-sync-external-store)\/|\/src\/(?:live|api|app)\/|\/src\/parts\/(?!(?:FixedList|Form|JsonView|MomentField|PagedList)\.)|\/packages\/(?!contract\/src\/(?:follow-rehearsal|records\/describe-rehearsal)\.)/;
const graphiqlPath = "/graphql/ide/";
const compressed = /\.(?:js|css|html|svg|webmanifest)$/;

export async function buildConsole(directory: string): Promise<void> {
  const built = await build({
    configFile: false,
    envFile: false,
    root,
    logLevel: "error",
    plugins: [await contracts(), layerOrder(), serviceWorker(), headOrder()],
    css: { modules: { generateScopedName: "[name]_[local]_[hash:base64:4]" } },
    build: {
      outDir: directory,
      emptyOutDir: true,
      manifest: "manifest.json",
      target: "baseline-widely-available",
      modulePreload: { polyfill: false },
      assetsInlineLimit: 0,
      reportCompressedSize: false,
      rolldownOptions: {
        // What every screen has is one file: six files of a few hundred bytes each would each be a round trip.
        output: { codeSplitting: { groups: [{ name: "shell", test: shellModules }] } },
      },
    },
  });
  await buildGraphiql(join(directory, "graphiql"));
  const outputs = (Array.isArray(built) ? built : [built]) as Rolldown.RolldownOutput[];
  const manifest = JSON.parse(await readFile(join(directory, "manifest.json"), "utf8")) as BundleManifest;
  await writeFile(join(directory, "hints.json"), JSON.stringify(listHints(manifest)));
  const names = outputs.flatMap(({ output }) => output.map(({ fileName }) => fileName));
  await Promise.all(
    [...names, "theme.js", "icon.svg", "manifest.webmanifest"]
      .filter((name) => compressed.test(name))
      .map((name) => compress(join(directory, name))),
  );
}

/** A page of its own with files of its own: nothing of it is loaded by the console, or kept by its service worker. */
async function buildGraphiql(directory: string): Promise<void> {
  await build({
    configFile: false,
    envFile: false,
    root: join(root, "src/graphiql"),
    base: graphiqlPath,
    publicDir: false,
    logLevel: "error",
    build: {
      outDir: directory,
      emptyOutDir: true,
      target: "baseline-widely-available",
      modulePreload: { polyfill: false },
      assetsInlineLimit: 0,
      reportCompressedSize: false,
      chunkSizeWarningLimit: Number.POSITIVE_INFINITY,
    },
  });
  const names = await readdir(directory, { recursive: true });
  await Promise.all(names.filter((name) => /\.(?:js|css)$/.test(name)).map((name) => compress(join(directory, name))));
}

/** Contracts themselves, with zod, stay out of the browser: types come by `import type`, routes and screens by these modules. */
async function contracts(): Promise<Plugin> {
  const screened = await findScreenedServices(services);
  const modules = new Map([
    ["virtual:routes", listRoutes(roostOperations)],
    ["virtual:service-screens", listServiceScreens(screened)],
    ...screened.map(({ contract }) => [`virtual:routes/${contract.name}`, listRoutes(contract.operations)] as const),
  ]);
  return {
    name: "roost-contracts",
    resolveId: (id) => (modules.has(id) ? `\0${id}` : undefined),
    load: (id) => (id.startsWith("\0") ? modules.get(id.slice(1)) : undefined),
  };
}

/** The first stylesheet to name a layer sets the order, and which comes first is the network's choice: so each says it. */
function layerOrder(): Plugin {
  return {
    name: "roost-layer-order",
    generateBundle(_options, bundle) {
      for (const output of Object.values(bundle)) {
        if (output.type !== "asset" || !output.fileName.endsWith(".css")) continue;
        output.source = `@layer tokens,base,parts,screens;${String(output.source)}`;
      }
    },
  };
}

/** Six files are fetched at once, in the order in which the page names them: what everything waits for is named first, what a screen needs after it. */
function headOrder(): Plugin {
  return {
    name: "roost-head-order",
    transformIndexHtml: {
      order: "post",
      handler(html) {
        const hints = "<!-- hints -->";
        const shell = /\n *<link rel="modulepreload"[^>]*\/shell-[^>]*>/.exec(html)?.[0];
        assert(shell !== undefined && html.includes(hints), "the page has no shell, or no place for hints");
        const rest = html.replace(shell, "").replace(hints, "");
        return rest.replace("<script ", `${shell.trim()}\n    <script `).replace("</head>", `  ${hints}\n  </head>`);
      },
    },
  };
}

/** Gives the service worker the names of the files of this build: the shell opens without a network. */
function serviceWorker(): Plugin {
  return {
    name: "roost-service-worker",
    async generateBundle(_options, bundle) {
      const files = Object.keys(bundle).filter((name) => /\.(?:js|css|woff2)$/.test(name));
      const kept = [
        "/theme.js",
        "/icon.svg",
        "/icon-192.png",
        "/manifest.webmanifest",
        ...files.map((name) => `/${name}`),
      ];
      const source = await readFile(join(root, "src/service-worker.js"), "utf8");
      const version = files.join().replaceAll(/[^\w]/g, "").slice(-48);
      this.emitFile({
        type: "asset",
        fileName: "sw.js",
        source: source.replace("FILES", JSON.stringify(kept)).replace("VERSION", JSON.stringify(version)),
      });
    },
  };
}

async function compress(path: string): Promise<void> {
  const bytes = await readFile(path);
  const [small, smaller] = await Promise.all([
    promisify(gzip)(bytes, { level: 9 }),
    promisify(brotliCompress)(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 10 } }),
  ]);
  await Promise.all([writeFile(`${path}.gz`, small), writeFile(`${path}.br`, smaller)]);
}
