/** What a process of the home needs to call services and be called: this room's tables, a signer, and a verifier. */
import { applyMigrations, readSchema, type SchemaFiles } from "@roost/database";
import type { Kernel } from "@roost/kernel";
import { createServiceDirectory, type ServiceDirectory } from "./calls/service-directory.ts";
import { openSigner, publishKeyOf, type Signer, type SignerKind } from "./signing/open-signer.ts";
import { createThirdParties, type ThirdParties } from "./third-parties/third-parties.ts";
import { createVerifier, type Verifier } from "./signing/create-verifier.ts";

export const serviceSchema: SchemaFiles = { schema: "service", directory: new URL("./migrations/", import.meta.url) };

export interface Services {
  readonly kernel: Kernel;
  readonly signer: Signer;
  readonly verifier: Verifier;
  readonly directory: ServiceDirectory;
  readonly thirdParties: ThirdParties;
}

export interface OpenServicesOptions {
  kernel: Kernel;
  /** The kind of signer this process is. */
  kind: SignerKind;
  name: string;
}

export async function openServices({ kernel, kind, name }: OpenServicesOptions): Promise<Services> {
  await applyMigrations(kernel.database, await readSchema(serviceSchema));
  const { database, clock } = kernel;
  return {
    kernel,
    signer: openSigner(publishKeyOf(database, { kind, name }), { clock }),
    verifier: createVerifier(database, { clock }),
    directory: createServiceDirectory(database, { clock }),
    thirdParties: createThirdParties(database, { clock }),
  };
}
