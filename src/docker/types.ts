/**
 * Documents of the Engine API, as far as Layerbook looks into them; whatever else the daemon says is
 * there too. Names are the API's. https://docs.docker.com/reference/api/engine/
 */

/** Any JSON object: what a request or an answer carries beyond the fields named here. */
export type JsonObject = { readonly [key: string]: unknown };

export interface ContainerState {
  readonly Status: string;
  readonly Running: boolean;
  readonly Paused: boolean;
  readonly Restarting: boolean;
  readonly OOMKilled: boolean;
  readonly Dead: boolean;
  readonly Pid: number;
  readonly ExitCode: number;
  readonly Error: string;
}

export interface ContainerInspect extends JsonObject {
  readonly Id: string;
  readonly Name: string;
  readonly Created: string;
  readonly Image: string;
  readonly State: ContainerState & JsonObject;
  readonly Config: JsonObject;
  readonly HostConfig: JsonObject;
  readonly NetworkSettings: JsonObject;
  readonly Mounts: readonly JsonObject[];
}

export interface ContainerSummary extends JsonObject {
  readonly Id: string;
  readonly Names: readonly string[];
  readonly Image: string;
  readonly ImageID: string;
  readonly State: string;
  readonly Status: string;
  readonly Labels: Readonly<Record<string, string>> | null;
}

export interface ExecInspect extends JsonObject {
  readonly ID: string;
  readonly Running: boolean;
  readonly ExitCode: number | null;
  readonly Pid: number;
  readonly ContainerID: string;
}

export interface ImageInspect extends JsonObject {
  readonly Id: string;
  readonly RepoTags: readonly string[] | null;
  readonly RepoDigests: readonly string[] | null;
  readonly Architecture: string;
  readonly Os: string;
  readonly Variant?: string;
  readonly Size: number;
  readonly Config?: JsonObject | null;
  readonly RootFS: { readonly Type: string; readonly Layers?: readonly string[] };
}

export interface ImageSummary extends JsonObject {
  readonly Id: string;
  readonly ParentId: string;
  readonly RepoTags: readonly string[] | null;
  readonly RepoDigests: readonly string[] | null;
  readonly Created: number;
  readonly Size: number;
  readonly Labels: Readonly<Record<string, string>> | null;
}

export interface ImageHistoryItem extends JsonObject {
  readonly Id: string;
  readonly Created: number;
  readonly CreatedBy: string;
  readonly Tags: readonly string[] | null;
  readonly Size: number;
  readonly Comment: string;
}

export interface SystemInfo extends JsonObject {
  readonly ID: string;
  readonly Driver: string;
  readonly DriverStatus: readonly (readonly [string, string])[] | null;
  readonly ServerVersion: string;
  readonly OSType: string;
  readonly Architecture: string;
  readonly Name: string;
  readonly IndexServerAddress: string;
}

export interface EngineEvent extends JsonObject {
  readonly Type: string;
  readonly Action: string;
  readonly Actor: { readonly ID: string; readonly Attributes: Readonly<Record<string, string>> };
  readonly time: number;
  readonly timeNano: number;
}

/** Filters as the API takes them: `{ label: ["a=b"], status: ["running"] }`. */
export type Filters = Readonly<Record<string, readonly string[]>>;

export function filtersText(filters: Filters | undefined): string | undefined {
  return filters && Object.keys(filters).length > 0 ? JSON.stringify(filters) : undefined;
}
