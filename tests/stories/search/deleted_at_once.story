# a deleted message is found by nobody from that moment
ann, bob connect
ann says "regret" to bob as m1
clock      +3s
bob sends  search.messages {"query": "regret"}
bob gets   ok {"hits": [{"seq": 1}]}
ann sends  chat.delete {"chatId": "${m1.chatId}", "target": "${m1.seq}"}
bob sends  search.messages {"query": "regret"}
bob gets   ok {"hits": []}
ann sends  search.messages {"query": "regret"}
ann gets   ok {"hits": []}
