/* Where plugins come from: the operator's folders, the last first, then the program itself. */
#ifndef LUA_FIND_PLUGIN_H
#define LUA_FIND_PLUGIN_H

#include "lua/core.h"

/* Reads the plugin of this name from where it is found first; ERR_NOT_FOUND and so on, with words.
 */
int find_plugin(struct bundle **out, const struct runtime *runtime, const char *name, char *message,
                size_t message_size);
/* All names to be had, without the disabled, sorted; free with find_plugin_names_free. */
void find_plugin_names(struct text_list *names, const struct runtime *runtime);
void find_plugin_names_free(struct text_list *names);

#endif
