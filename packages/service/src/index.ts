export { createForwardCall, type ForwardCall } from "./calls/forward-call.ts";
export { createServiceDirectory, type ListedService, type ServiceDirectory } from "./calls/service-directory.ts";
export { hostService, type HostedService, type HostOptions } from "./host/host-service.ts";
export { connectService } from "./install/connect-service.ts";
export { installService, type InstalledService } from "./install/install-service.ts";
export { openServices, type Services } from "./open-services.ts";
export type {
  Consumer,
  ReadEvent,
  Service,
  ServiceContext,
  ServiceDatabase,
  ServiceProjection,
  ServiceTransaction,
} from "./service.ts";
export { isRunToken, signRunToken, verifyRunToken, type RunTokenRequest } from "./signing/run-tokens.ts";
