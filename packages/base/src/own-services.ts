import { fileURLToPath } from "node:url";

/** Where Roost's own domain services are, a folder each; a home has its own below `services/`. */
export const ownServicesDir = fileURLToPath(new URL("../../../services", import.meta.url));
