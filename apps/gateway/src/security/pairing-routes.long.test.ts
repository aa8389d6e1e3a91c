/** docs/phone.md with the real proxies: pairing, the cookie, streams as they come, and what is refused. Skipped where a proxy is not installed. */
import { freePort } from "@roost/base/testing";
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import type { IncomingMessage } from "node:http";
import { request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { addAbortSignal } from "node:stream";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { createTestGateway } from "../testing/create-test-gateway.ts";
import { testCertificates } from "../testing/test-certificates.ts";

interface ProxyFiles {
  directory: string;
  port: number;
  to: number;
}

const proxies: Record<
  string,
  { config: (files: ProxyFiles) => string; args: (path: string, files: ProxyFiles) => string[] }
> = {
  caddy: {
    config: ({ directory, port, to }) => `{
  admin off
  auto_https off
}
https://roost.example:${port} {
  tls ${directory}/crt ${directory}/key
  reverse_proxy 127.0.0.1:${to} {
    flush_interval -1
  }
}
`,
    args: (path) => ["run", "--adapter", "caddyfile", "--config", path],
  },
  nginx: {
    config: ({ directory, port, to }) => `daemon off; pid ${directory}/pid; error_log stderr;
events {}
http {
  access_log off;
  client_body_temp_path ${directory}/body; proxy_temp_path ${directory}/proxy; fastcgi_temp_path ${directory}/f; uwsgi_temp_path ${directory}/u; scgi_temp_path ${directory}/s;
  server {
    listen 127.0.0.1:${port} ssl;
    server_name roost.example;
    ssl_certificate ${directory}/crt; ssl_certificate_key ${directory}/key;
    location / {
      proxy_pass http://127.0.0.1:${to};
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Host $http_host;
      proxy_set_header X-Forwarded-Proto $scheme;
      proxy_set_header X-Forwarded-For $remote_addr;
      proxy_buffering off;
      proxy_read_timeout 1h;
    }
  }
}
`,
    args: (path, { directory }) => ["-c", path, "-p", directory],
  },
  traefik: {
    config: ({ directory, to }) => `http:
  routers:
    roost: { rule: "Host(\`roost.example\`)", entryPoints: [web], service: roost, tls: {} }
  services:
    roost: { loadBalancer: { servers: [{ url: "http://127.0.0.1:${to}" }] } }
tls:
  certificates: [{ certFile: ${directory}/crt, keyFile: ${directory}/key }]
`,
    args: (path, { port }) => [
      `--entryPoints.web.address=127.0.0.1:${port}`,
      `--providers.file.filename=${path}`,
      "--global.checkNewVersion=false",
      "--global.sendAnonymousUsage=false",
    ],
  },
};

for (const [name, { config, args }] of Object.entries(proxies)) {
  const isThere = spawnSync(name, [name === "nginx" ? "-v" : "version"]).error === undefined;
  test(
    `Behind ${name} a phone pairs, stays signed in, and gets events as they come`,
    { skip: !isThere && `${name} is not installed` },
    async () => {
      const directory = await mkdtemp(join(tmpdir(), "roost-proxy-"));
      const port = await freePort();
      await using gateway = await createTestGateway({
        outside: { names: [`roost.example:${port}`], trustedProxies: ["127.0.0.1"] },
      });
      await writeFile(join(directory, "crt"), testCertificates[0].cert);
      await writeFile(join(directory, "key"), testCertificates[0].key);
      const path = join(directory, "config.yaml");
      const files = { directory, port, to: gateway.port };
      await writeFile(path, config(files));
      const proxy = spawn(name, args(path, files), {
        stdio: "ignore",
        env: { PATH: process.env["PATH"], HOME: directory },
      });
      const open = async (at: string, { method = "GET", headers = {}, body = "" } = {}): Promise<IncomingMessage> => {
        const host = `roost.example:${port}`;
        const place = {
          host: "127.0.0.1",
          port,
          servername: "roost.example",
          ca: testCertificates[0].cert,
          agent: false as const,
        };
        const sent = request({
          ...place,
          method,
          path: at,
          headers: { host, "content-length": body.length, ...headers },
        });
        sent.end(body);
        const [response] = (await once(sent, "response")) as [IncomingMessage];
        return response;
      };
      try {
        const endMs = performance.now() + 20_000;
        while ((await open("/healthz").catch(() => undefined))?.statusCode !== 200) {
          assert.ok(performance.now() < endMs, `${name} does not answer`);
          // tidy: the proxy is another program, and says nothing when it is ready.
          await setTimeout(50);
        }
        const { code, links } = await gateway.client.createPairing({ name: "phone" });
        assert.equal(links[0], `https://roost.example:${port}/pair#${code}`);
        const origin = `https://roost.example:${port}`;
        const form = { "content-type": "application/x-www-form-urlencoded", origin, "sec-fetch-site": "same-origin" };
        const paired = await open("/pair", { method: "POST", headers: form, body: `code=${code}` });
        const [cookie = ""] = paired.headers["set-cookie"] ?? [];
        assert.deepEqual([paired.statusCode, cookie.endsWith("; Secure")], [303, true]);
        const headers = { cookie: cookie.split(";")[0]! };
        assert.match(await text(await open("/session", { headers })), /device:phone/);
        assert.equal(
          (await open("/session", { headers: { ...headers, origin: "https://evil.example" } })).statusCode,
          403,
        );
        assert.equal(
          (await open("/session", { headers: { ...headers, "x-forwarded-proto": "http" } })).statusCode,
          200,
        );

        const stream = await open("/api/v1/sessions/main/watch?last=0", { headers });
        stream.setEncoding("utf8");
        await gateway.client.sendMessage({ sessionKey: "main", text: "through the proxy" });
        let seen = "";
        // A proxy that keeps back what is short would do so until the stream ends, and it does not.
        addAbortSignal(AbortSignal.timeout(60_000), stream);
        for await (const part of stream) if ((seen += String(part)).includes("through the proxy")) break;
      } finally {
        proxy.kill("SIGKILL");
        await once(proxy, "exit");
        await rm(directory, { recursive: true });
      }
    },
  );
}
