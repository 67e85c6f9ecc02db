# No name changes how others read what stands beside it, and two that look alike are alike
ann, bob connect
bob sends user.update {"displayName": "Bo\u202eb\u200b  Re\u0301mi "}
ann sends user.get {"userIds": ["${bob}"]}
ann gets ok {"users": [{"displayName": "Bob Rémi"}]}
ann sends user.search {"query": "bob re\u0301"}
ann gets ok {"users": [{"userId": "${bob}"}]}
bob sends user.update {"displayName": "\u2066\u2069 "}
bob gets error invalid_params {"path": "/displayName"}
