/** A certificate authority and a certificate of 127.0.0.1 and localhost, made by openssl for one test. */
import { execFile } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);
const newKey = ["-newkey", "rsa:2048", "-nodes"];

export interface Certificates {
  /** PEM. */
  authority: string;
  authorityFile: string;
  keyFile: string;
  certificateFile: string;
  /** Key, certificate and authority in one, as Kafka takes them. */
  togetherFile: string;
  /** Of who connects to a server, with its key. */
  createClient(name: string): Promise<{ sslcert: string; sslkey: string }>;
}

/** @param addresses besides 127.0.0.1 */
export async function createCertificates(directory: string, addresses: readonly string[] = []): Promise<Certificates> {
  const at = (name: string) => join(directory, name);
  const openssl = (...args: string[]) => run("openssl", args, { cwd: directory });
  await openssl(
    "req",
    "-x509",
    ...newKey,
    "-days",
    "2",
    "-subj",
    "/CN=roost test authority",
    "-keyout",
    "ca.key",
    "-out",
    "ca.pem",
  );
  const addressesOfServer = ["DNS:localhost", "IP:127.0.0.1", ...addresses.map((each) => `IP:${each}`)];
  await signFor(directory, {
    file: "server",
    name: "localhost",
    extension: `subjectAltName=${addressesOfServer.join(",")}`,
  });
  const texts = await Promise.all(["server.key", "server.pem", "ca.pem"].map((name) => readFile(at(name), "utf8")));
  await writeFile(at("together.pem"), texts.join(""), { mode: 0o600 });
  return {
    authority: texts[2]!,
    authorityFile: at("ca.pem"),
    keyFile: at("server.key"),
    certificateFile: at("server.pem"),
    togetherFile: at("together.pem"),
    createClient: async (name) => {
      await signFor(directory, { file: name, name, extension: "extendedKeyUsage=clientAuth" });
      return { sslcert: at(`${name}.pem`), sslkey: at(`${name}.key`) };
    },
  };
}

interface Signed {
  /** Without its ending. */
  file: string;
  /** Its common name. */
  name: string;
  extension: string;
}

async function signFor(directory: string, { file, name, extension }: Signed): Promise<void> {
  const openssl = (...args: string[]) => run("openssl", args, { cwd: directory });
  await openssl("req", ...newKey, "-subj", `/CN=${name}`, "-keyout", `${file}.key`, "-out", `${file}.csr`);
  await writeFile(join(directory, `${file}.ext`), `${extension}\n`);
  const authority = ["-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial"];
  const made = ["-days", "2", "-extfile", `${file}.ext`, "-out", `${file}.pem`];
  await openssl("x509", "-req", "-in", `${file}.csr`, ...authority, ...made);
}
