# a word is found by both sides of a chat and by nobody else
ann, bob, eve connect
ann says "the key is under the flowerpot" to bob as m1
clock      +3s
bob sends  search.messages {"query": "flower* key"}
bob gets   ok {"hits": [{"chatId": "${m1.chatId}", "seq": "${m1.seq}", "senderId": "${ann}"}], "more": false}
ann sends  search.messages {"query": "\"under the flowerpot\"", "chatId": "${m1.chatId}"}
ann gets   ok {"hits": [{"snippet": [{"text": "the key is ", "hit": false}, {"text": "under the flowerpot", "hit": true}]}]}
eve sends  search.messages {"query": "flowerpot"}
eve gets   ok exactly {"hits": [], "more": false}
eve sends  search.messages {"query": "flowerpot", "chatId": "${m1.chatId}"}
eve gets error not_found
eve sends  search.messages {"query": "flowerpot", "chatId": "nowhere"}
eve gets the same
