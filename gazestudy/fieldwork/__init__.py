"""Field observation: tables of what observers saw in, rates, crowding, occlusion and agreement out."""
