/** What modules on disk need to run: the plugin hosts, the settings. */
import { type SourcePosition, UnsupportedError } from "../../errors/index.ts";
import { ActionHosts } from "../python/action-host.ts";
import { findAnsible } from "../python/find-ansible.ts";
import type { HostStart } from "../python/protocol.ts";

/** The release whose behaviour is followed, told to modules where no ansible-core is installed. */
const VERSION = "2.14.18";

export class LibraryServices {
  /** The setting INTERPRETER_PYTHON. */
  readonly interpreterSetting: string;
  readonly #start: HostStart;
  readonly #directories: ReadonlySet<string>;
  #hosts: ActionHosts | undefined;

  constructor(start: HostStart, directories: ReadonlySet<string>, interpreterSetting: string) {
    this.#start = start;
    this.#directories = directories;
    this.interpreterSetting = interpreterSetting;
  }

  /** ansible-core's version. */
  get version(): string {
    return this.#hosts ? (findAnsible()?.version ?? VERSION) : VERSION;
  }

  /**
   * @param name the module that needs them
   * @throws UnsupportedError without ansible-core
   */
  hosts(name: string, position: SourcePosition | undefined): ActionHosts {
    if (!this.#hosts) {
      const ansible = findAnsible();
      if (!ansible) {
        throw new UnsupportedError(
          `the module '${name}' is written in Python and needs ansible-core on this machine, which is not installed`,
          {
            position,
            hint: "Install ansible-core, or name the Python that has it with LAYERBOOK_PYTHON.",
          },
        );
      }
      this.#hosts = new ActionHosts(ansible, this.#start, this.#directories);
    }
    return this.#hosts;
  }

  async close(): Promise<void> {
    const hosts = this.#hosts;
    this.#hosts = undefined;
    await hosts?.close();
  }
}
