/** Files of an image that are laid over those of the layers before it. A file that it takes away is an overlayfs whiteout. */
export interface Layer {
  /** Names the content: the same key, the same files. */
  readonly key: string;
  /** The folder with its files; nothing writes to it any more. */
  readonly dir: string;
}
