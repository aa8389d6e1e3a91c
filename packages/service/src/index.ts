export { createForwardCall, type ForwardCall } from "./calls/forward-call.ts";
export { createToolDirectory, withInputs, type ServiceTool, type ToolDirectory } from "./calls/tool-directory.ts";
export { recallName, recallsOf, serviceRecallLimits } from "./calls/recalls-of.ts";
export { createServiceDirectory, type ListedService, type ServiceDirectory } from "./calls/service-directory.ts";
export { findServiceFolders, folderOf, type ServiceFolder } from "./folders/find-service-folders.ts";
export { loadService } from "./folders/load-service.ts";
export { provideModulesTo } from "./folders/provide-modules-to.ts";
export { createServiceLogin, requireInstalled } from "./install/create-service-login.ts";
export { connectService } from "./install/connect-service.ts";
export {
  enableServices,
  isServiceRunning,
  listEnabledServices,
  markLoaded,
  reportService,
  servicesChannel,
  type EnabledService,
} from "./install/enable-services.ts";
export { describeContract, installService, type InstalledService } from "./install/install-service.ts";
export { namesOf } from "./install/service-names.ts";
export { installedFile, readInstalledFile, writeInstalledFile } from "./install/installed-file.ts";
export { openServices, serviceSchema, type Services } from "./open-services.ts";
export { listServiceHosts, type ServiceHosting } from "./list-service-hosts.ts";
export type {
  Consumer,
  ReadEvent,
  CallerOutcome,
  Service,
  ServiceContext,
  ServiceDatabase,
  ServiceProjection,
  ServiceTransaction,
} from "./service.ts";
export type { NewThirdParty, StoredThirdParty, ThirdParties } from "./third-parties/third-parties.ts";
export { isRunToken, signRunToken, verifyRunToken, type RunTokenRequest } from "./signing/run-tokens.ts";
export { serveRows, type MovedTable } from "./moving/serve-rows.ts";
