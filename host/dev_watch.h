/* serve --dev: reloads a plugin when its files change. */
#ifndef HOST_DEV_WATCH_H
#define HOST_DEV_WATCH_H

struct app;
struct dev_watch;

struct dev_watch *dev_watch_new(struct app *app);
void dev_watch_free(struct dev_watch *watch);

#endif
