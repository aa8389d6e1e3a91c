/** The public file `@roost/memory/settings`: opens no database, so every process can read it first. */
export { budgetCaps, type SettingsCap } from "./settings/budget-caps.ts";
export { changeSettingsText } from "./settings/change-settings-text.ts";
export { parseSettings, readSettings, readSettingsText, settingsFile } from "./settings/read-settings.ts";
export type { SecretSources } from "./settings/read-secret.ts";
export {
  resolveProviders,
  resolveReferences,
  resolveSecret,
  secretsOfGateways,
  secretsOfWorkers,
  whyUnresolved,
  type ResolvedProvider,
} from "./settings/resolve-secret.ts";
export {
  Settings,
  settingsSchema,
  writtenSettings,
  type HeartbeatSettings,
  type ProviderSettings,
} from "./settings/settings.ts";
export type { ExecSettings } from "./settings/exec.ts";
export type { HookSettings } from "./settings/hook.ts";
export type { ToolServerSettings } from "./settings/tool-server.ts";
