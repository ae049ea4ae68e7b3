/** A module on the controller's disk. */
export interface FoundModule {
  /** In full when a collection has it, else as its file is called. */
  readonly name: string;
  /** Its code; that of the action plugin when there is only that. */
  readonly path: string;
  /** The plugin on the controller that runs before, or instead of, the module. */
  readonly action: { readonly name: string; readonly path: string } | undefined;
}
