"""What journeys and checks both speak: names, addresses, media types, stamps, words. It knows neither of them."""
