/* Labels of the containers and networks that Lathe makes on a host. */

/** Whose it is: the id of its stack's provider, which no other stack and nobody else's state has. */
export const ID_LABEL = "org.lathe.id";
/** Its stack, for people: `PROJECT/STACK`. */
export const OWNER_LABEL = "org.lathe.owner";
/** Which server of that stack it is of: the name of its resource. */
export const SERVER_LABEL = "org.lathe.server";
/** Which tuning a container is of: `lathe tune` makes such ones beside a server, and removes them. */
export const TUNE_LABEL = "org.lathe.tune";
/** Id of the leftover that a container or network came in the place of. */
export const LEFTOVER_LABEL = "org.lathe.leftover";
