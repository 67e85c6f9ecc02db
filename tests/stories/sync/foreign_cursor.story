# Somebody else's cursor and a broken one are refused
ann, bob connect
ann says "hi" to bob
bob sends sync.pull {} as his
ann sends sync.pull {"cursor": "${his.cursor}"}
ann gets error invalid_params {"path": "/cursor"}
ann sends sync.pull {"cursor": "nonsense"}
ann gets error invalid_params {"path": "/cursor"}
