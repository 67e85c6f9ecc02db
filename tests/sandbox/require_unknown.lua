-- ends: ERR_PLUGIN not part of this plugin
-- require knows the plugin's modules only
require('os')
